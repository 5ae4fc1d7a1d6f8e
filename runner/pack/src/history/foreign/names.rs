//! The table of file names by which tools say that a file takes something back.

use super::{Layout, Tool};
use std::path::Path;

/// Words that name a way back.
const DOWN: [&str; 5] = ["down", "undo", "rollback", "revert", "downgrade"];
/// Words that name the way forward, where both have one.
const UP: [&str; 6] = ["up", "do", "apply", "deploy", "forward", "upgrade"];

/// The tool that would run the file at `path` to take something back, if one would. `others` are the files
/// that are run beside it: `0007_slow_down.sql` is a name as any other, unless a file goes with it.
///
/// | name | tool |
/// |---|---|
/// | `001.undo.name.sql` | postgrator |
/// | `x.down.sql`, `x.undo.sql`, `x.rollback.sql`, `x.revert.sql`, `x.down.1.sql` | golang-migrate, yoyo, ragtime and others |
/// | `down.sql`, `undo.sql`, `rollback.sql`, `revert.sql` | diesel and others |
/// | `U1__name.sql` | Flyway |
/// | `down/x.sql`, `revert/x.sql`, `rollback/x.sql`, `undo/x.sql` | umzug, Sqitch and others |
/// | `x-down.sql` beside `x-up.sql` | db-migrate |
/// | `x_down.sql`, `x_undo.sql`, `x_rollback.sql`, `x_revert.sql` beside `x_up.sql` or `x.sql` | several |
pub(in super::super) fn down_name<'a>(
    path: &Path,
    others: impl IntoIterator<Item = &'a Path>,
) -> Option<Tool> {
    let stem = stem(path)?;
    if let Some(folder) = path.parent().and_then(Path::file_name) {
        match folder.to_string_lossy().to_lowercase().as_str() {
            "revert" => return Some(Tool::Layout(Layout::Sqitch)),
            "down" => return Some(Tool::Layout(Layout::Umzug)),
            folder if DOWN.contains(&folder) => return Some(Tool::Some),
            _ => {}
        }
    }
    let parts: Vec<&str> = stem.split('.').collect();
    match &parts[..] {
        [number, "undo", ..] if is_number(number) => {
            return Some(Tool::Layout(Layout::Postgrator));
        }
        ["down"] => return Some(Tool::Layout(Layout::Diesel)),
        parts if parts.iter().any(|part| DOWN.contains(part)) => {
            let is_down = parts.last() == Some(&"down");
            return Some(if is_down { Tool::Layout(Layout::GolangMigrate) } else { Tool::Some });
        }
        _ => {}
    }
    if stem.strip_prefix('u').and_then(|rest| rest.split_once("__")).is_some_and(|(version, _)| {
        version.starts_with(|c: char| c.is_ascii_digit())
            && version.bytes().all(|b| b.is_ascii_digit() || b"._".contains(&b))
    }) {
        return Some(Tool::Layout(Layout::Flyway));
    }
    let (words, way) = directed(&stem);
    if way != Some(false) {
        return None;
    }
    let number = words.first().filter(|word| is_number(word));
    let goes_with = |other: &Path| {
        let Some(other) = self::stem(other).filter(|other| *other != stem) else { return false };
        let (others, way) = directed(&other);
        match way {
            Some(true) => others == words || number.is_some() && others.first() == number,
            None => others == words,
            Some(false) => false,
        }
    };
    let has_pair = others.into_iter().any(goes_with);
    let tool = match stem.ends_with("-down") {
        true => Tool::Layout(Layout::DbMigrate),
        false => Tool::Some,
    };
    has_pair.then_some(tool)
}

/// Returns the name in lower case, without `.sql`.
fn stem(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    name.strip_suffix(".sql").map(str::to_owned)
}

/// Returns the words of a name without the one that says which way it goes, if the first behind the number or the
/// last one does; `true` is forward.
fn directed(stem: &str) -> (Vec<String>, Option<bool>) {
    let mut words: Vec<String> =
        stem.split(['_', '-', '.', ' ']).filter(|w| !w.is_empty()).map(str::to_owned).collect();
    let first = words.iter().position(|word| !is_number(word));
    for at in [words.len().checked_sub(1), first].into_iter().flatten() {
        let word = words[at].as_str();
        let forward = UP.contains(&word);
        if forward || DOWN.contains(&word) {
            words.remove(at);
            return (words, Some(forward));
        }
    }
    (words, None)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
