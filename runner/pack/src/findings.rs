//! What is found while a folder is read: its problems, all of them and not the first alone, and what its author
//! should know of files that are taken.

use super::{folder::FolderError, shown};
use std::{cell::RefCell, collections::BTreeSet, fmt, path::PathBuf};

/// Problems that are shown of a folder.
const SHOWN_MAX: usize = 50;

/// Collects while files are read one by one, whatever is wrong with the others.
#[derive(Debug, Default)]
pub(super) struct Findings {
    problems: RefCell<Vec<FolderError>>,
    notes: RefCell<Vec<Note>>,
}

/// Something about a file that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub path: PathBuf,
    pub line: Option<usize>,
    /// A sentence without its full stop. It may hold the file's own words.
    pub text: String,
}

/// Several problems of a folder, in the order in which they were found.
#[derive(Debug)]
pub struct Problems(pub Vec<FolderError>);

impl Findings {
    pub(super) fn problem(&self, problem: impl Into<FolderError>) {
        match problem.into() {
            FolderError::Several(Problems(problems)) => self.problems.borrow_mut().extend(problems),
            problem => self.problems.borrow_mut().push(problem),
        }
    }

    /// Returns the value; notes a problem.
    pub(super) fn keep<T, E: Into<FolderError>>(&self, result: Result<T, E>) -> Option<T> {
        result.map_err(|problem| self.problem(problem)).ok()
    }

    /// Returns what `read` makes of each item; notes the problems of the others.
    pub(super) fn each<I, T, E: Into<FolderError>>(
        &self,
        items: impl IntoIterator<Item = I>,
        mut read: impl FnMut(I) -> Result<T, E>,
    ) -> Vec<T> {
        items.into_iter().filter_map(|item| self.keep(read(item))).collect()
    }

    pub(super) fn note(&self, note: Note) {
        self.notes.borrow_mut().push(note);
    }

    pub(super) fn take_notes(&self) -> Vec<Note> {
        std::mem::take(&mut self.notes.borrow_mut())
    }

    /// Returns how many problems there are so far.
    pub(super) fn count(&self) -> usize {
        self.problems.borrow().len()
    }

    /// Returns the value, if there is no problem by now.
    pub(super) fn finish<T>(&self, result: Result<T, FolderError>) -> Result<T, FolderError> {
        let value = self.keep(result);
        let mut problems = std::mem::take(&mut *self.problems.borrow_mut());
        // Two checks can find the same.
        let mut told = BTreeSet::new();
        problems.retain(|problem| told.insert(problem.to_string()));
        match (problems.len(), value) {
            (0, Some(value)) => Ok(value),
            (1, _) => Err(problems.remove(0)),
            _ => Err(FolderError::Several(Problems(problems))),
        }
    }
}

impl Note {
    /// Returns the note as it is shown: the file, the line if there is one, and what it is.
    pub fn told(&self) -> String {
        let line = self.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        format!("{}: {line}{}", shown(&self.path), self.text)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} problems:", self.0.len())?;
        for problem in self.0.iter().take(SHOWN_MAX) {
            write!(f, "\n  {problem}")?;
        }
        match self.0.len().saturating_sub(SHOWN_MAX) {
            0 => Ok(()),
            1 => f.write_str("\n  and one more"),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(at: usize) -> FolderError {
        FolderError::NoSql { path: format!("f{at}").into() }
    }

    #[test]
    fn none_one_and_many() {
        let findings = Findings::default();
        assert_eq!(findings.finish(Ok(7)).unwrap(), 7);
        let error = findings.finish::<()>(Err(problem(1))).unwrap_err();
        assert!(matches!(error, FolderError::NoSql { .. }), "{error}");
        let read = |at: usize| if at.is_multiple_of(2) { Ok(at) } else { Err(problem(at)) };
        assert_eq!(findings.each(0..6, read), [0, 2, 4]);
        let error = findings.finish(Ok(())).unwrap_err();
        let FolderError::Several(Problems(found)) = error else { panic!("{error}") };
        assert_eq!(found.len(), 3);
        findings.problem(FolderError::Several(Problems(found)));
        assert_eq!(findings.count(), 3, "a list within a list is one list");
    }

    #[test]
    fn one_problem_is_told_once() {
        let findings = Findings::default();
        findings.problem(problem(1));
        let error = findings.finish::<()>(Err(problem(1))).unwrap_err();
        assert!(matches!(error, FolderError::NoSql { .. }), "{error}");
    }

    #[test]
    fn the_list_is_bounded() {
        let shown = Problems((0..SHOWN_MAX + 2).map(problem).collect()).to_string();
        assert_eq!(shown.lines().count(), SHOWN_MAX + 2, "{shown}");
        assert!(
            shown.starts_with("52 problems:\n  f0: ") && shown.ends_with("and 2 more"),
            "{shown}"
        );
    }
}
