//! The SQL of one alteration, by hook and dialect. Pure; knows no files.
//!
//! Written are texts for one dialect and texts for all others; kept is what each dialect gets. What is
//! written for MySQL is MariaDB's too, where that has no text of its own.

use super::sql_name::SqlHook;
use crate::alteration::Dialect;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The texts of one hook as they are written: for a dialect, or for all that have none of their own.
pub(super) type Written<T> = BTreeMap<Option<Dialect>, T>;

/// Returns what `dialect` gets of them.
pub(super) fn chosen<T>(written: &Written<T>, dialect: Dialect) -> Option<&T> {
    let own = || written.get(&Some(dialect));
    let mysql = || (dialect == Dialect::Mariadb).then(|| written.get(&Some(Dialect::Mysql)))?;
    own().or_else(mysql).or_else(|| written.get(&None))
}

/// Returns whether `dialect` gets one that is not for all.
fn has_own<T>(written: &Written<T>, dialect: Dialect) -> bool {
    let named: Written<()> = written.keys().flatten().map(|named| (Some(*named), ())).collect();
    chosen(&named, dialect).is_some()
}

/// Returns the dialects that an alteration runs on: those with an `up`; and without one, those with another text of
/// their own that goes forward, or, where no dialect has an `up`, any such text.
pub(super) fn runs_on<T>(hooks: &BTreeMap<SqlHook, Written<T>>) -> BTreeSet<Dialect> {
    let forward = || hooks.iter().filter(|(hook, _)| !hook.is_way_back());
    let runs = |dialect: &Dialect| match hooks.get(&SqlHook::Up) {
        Some(up) if chosen(up, *dialect).is_some() => true,
        Some(_) => forward().any(|(_, written)| has_own(written, *dialect)),
        None => forward().any(|(_, written)| chosen(written, *dialect).is_some()),
    };
    Dialect::ALL.into_iter().filter(runs).collect()
}

/// The SQL of an alteration. Each text of a hook is there once, however many dialects get it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SqlTexts(BTreeMap<SqlHook, BTreeMap<Dialect, Arc<str>>>);

impl SqlTexts {
    /// Returns the same for every dialect.
    #[cfg(test)]
    pub(super) fn for_all(sql: BTreeMap<SqlHook, String>) -> Self {
        let mut texts = Self::default();
        for (hook, text) in sql {
            texts.insert(hook, Dialect::ALL, &Arc::from(text));
        }
        texts
    }

    /// Adds a hook's text for some dialects; it must not be empty.
    pub(super) fn insert(
        &mut self,
        hook: SqlHook,
        dialects: impl IntoIterator<Item = Dialect>,
        text: &Arc<str>,
    ) {
        let texts = dialects.into_iter().map(|dialect| (dialect, Arc::clone(text)));
        self.0.entry(hook).or_default().extend(texts);
    }

    /// Returns only what `dialects` get.
    pub(super) fn only(&self, dialects: &BTreeSet<Dialect>) -> Self {
        let mut texts = self.clone();
        for of_hook in texts.0.values_mut() {
            of_hook.retain(|dialect, _| dialects.contains(dialect));
        }
        texts
    }

    /// Adds what others get.
    pub(super) fn extend(&mut self, others: Self) {
        for (hook, texts) in others.0 {
            self.0.entry(hook).or_default().extend(texts);
        }
    }

    /// Returns the SQL of a hook; empty where there is none, because a file of SQL never is.
    pub(super) fn text(&self, hook: SqlHook, dialect: Dialect) -> &str {
        self.0.get(&hook).and_then(|texts| texts.get(&dialect)).map_or("", |text| text)
    }

    pub(super) fn has(&self, hook: SqlHook) -> bool {
        self.0.get(&hook).is_some_and(|texts| !texts.is_empty())
    }

    /// Returns the hooks that one of the dialects has SQL for.
    pub(super) fn hooks(&self) -> impl Iterator<Item = SqlHook> {
        self.0.keys().copied().filter(|hook| self.has(*hook))
    }

    /// Returns the dialects that it runs on.
    pub(super) fn dialects(&self) -> BTreeSet<Dialect> {
        self.0.values().flat_map(BTreeMap::keys).copied().collect()
    }

    /// Returns whether two dialects differ in what they get.
    pub(super) fn varies(&self) -> bool {
        self.0.keys().any(|hook| self.variants(*hook).len() > 1)
    }

    /// Returns the different texts of a hook and who gets each; an empty text is that of dialects without one.
    pub(super) fn variants(&self, hook: SqlHook) -> Vec<(Vec<Dialect>, &str)> {
        let mut variants: Vec<(Vec<Dialect>, &str)> = Vec::new();
        for dialect in Dialect::ALL {
            let text = self.text(hook, dialect);
            match variants.iter_mut().find(|(_, other)| *other == text) {
                Some((dialects, _)) => dialects.push(dialect),
                None => variants.push((vec![dialect], text)),
            }
        }
        variants
    }

    /// Returns the bytes of all different texts.
    pub(super) fn size_bytes(&self) -> usize {
        let variants = self.hooks().flat_map(|hook| self.variants(hook));
        variants.map(|(_, text)| text.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{Mariadb, Mysql, Postgresql, Sqlite};
    use SqlHook::{BeforeUp, Down, Step, Up};

    fn written(files: &[(SqlHook, Option<Dialect>)]) -> BTreeMap<SqlHook, Written<usize>> {
        let mut hooks: BTreeMap<SqlHook, Written<usize>> = BTreeMap::new();
        for (at, (hook, dialect)) in files.iter().enumerate() {
            hooks.entry(*hook).or_default().insert(*dialect, at);
        }
        hooks
    }

    #[test]
    fn who_gets_which() {
        let up = |dialects: &[Option<Dialect>]| {
            let files: Vec<_> = dialects.iter().map(|dialect| (Up, *dialect)).collect();
            let hooks = written(&files);
            Dialect::ALL.map(|dialect| chosen(&hooks[&Up], dialect).copied())
        };
        assert_eq!(up(&[None]), [Some(0); 4]);
        assert_eq!(up(&[None, Some(Mysql)]), [Some(0), Some(0), Some(1), Some(1)]);
        assert_eq!(up(&[None, Some(Mariadb)]), [Some(0), Some(0), Some(0), Some(1)]);
        assert_eq!(
            up(&[None, Some(Mysql), Some(Mariadb), Some(Sqlite)]),
            [Some(3), Some(0), Some(1), Some(2)]
        );
        assert_eq!(up(&[Some(Mysql)]), [None, None, Some(0), Some(0)]);
        assert_eq!(up(&[Some(Postgresql)]), [None, Some(0), None, None]);
    }

    #[test]
    fn what_it_runs_on() {
        let table: [(&[(SqlHook, Option<Dialect>)], &[Dialect]); 9] = [
            (&[(Up, None)], &Dialect::ALL),
            (&[(Up, Some(Sqlite))], &[Sqlite]),
            (&[(Up, Some(Mysql)), (Down, None)], &[Mysql, Mariadb]),
            // What the others have for all was not written for a dialect without an `up`.
            (&[(BeforeUp, None), (Up, Some(Postgresql))], &[Postgresql]),
            (&[(BeforeUp, Some(Postgresql)), (Up, Some(Sqlite))], &[Sqlite, Postgresql]),
            (&[(BeforeUp, None)], &Dialect::ALL),
            (&[(Step, Some(Mariadb))], &[Mariadb]),
            (&[(Up, None), (Down, Some(Sqlite))], &Dialect::ALL),
            (&[(Down, Some(Sqlite))], &[]),
        ];
        for (files, expected) in table {
            let expected: BTreeSet<_> = expected.iter().copied().collect();
            assert_eq!(runs_on(&written(files)), expected, "{files:?}");
        }
    }
}
