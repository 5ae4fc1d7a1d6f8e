//! Waits for saves in a project: its sources, and not what builds and tools put beside them.

use super::{DIST, Project, ProjectError, RELEASED, WORK};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::sync::mpsc;

/// Folders that no author edits.
const IGNORED: [&str; 8] =
    [DIST, RELEASED, WORK, "node_modules", "target", ".venv", ".git", "__pycache__"];
/// What counts of the files beside these folders: an editor's notes and a shell's output do not.
const EXTENSIONS: [&str; 9] = ["json", "lock", "js", "mjs", "py", "rs", "sql", "toml", "ts"];
/// A save is over when nothing else was written for so long: editors write a file in several steps.
const SILENCE: Duration = Duration::from_millis(15);

/// Watches a project's files for as long as it lives.
#[derive(Debug)]
pub struct Watch {
    root: PathBuf,
    _watcher: RecommendedWatcher,
    events: mpsc::UnboundedReceiver<PathBuf>,
}

impl Watch {
    pub fn start(project: &Project) -> Result<Self, ProjectError> {
        let io = |error: std::io::Error| ProjectError::Io { path: project.root.clone(), error };
        let root = project.root.canonicalize().map_err(io)?;
        let (sender, events) = mpsc::unbounded_channel();
        let watched = root.clone();
        let failed = |error: notify::Error| io(std::io::Error::other(error));
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let Ok(event) = event else { return };
                if matches!(event.kind, EventKind::Access(_)) {
                    return;
                }
                for path in event.paths {
                    if is_source(&watched, &path) {
                        let _ = sender.send(path);
                    }
                }
            })
            .map_err(failed)?;
        watcher.watch(&root, RecursiveMode::NonRecursive).map_err(failed)?;
        for entry in std::fs::read_dir(&root).map_err(io)?.flatten() {
            // The folders of tools hold tens of thousands of files.
            if entry.path().is_dir() && is_source(&root, &entry.path()) {
                watcher.watch(&entry.path(), RecursiveMode::Recursive).map_err(failed)?;
            }
        }
        Ok(Self { root, _watcher: watcher, events })
    }

    /// Waits for the next save; the file, within the project.
    pub async fn changed(&mut self) -> Option<PathBuf> {
        let mut path = self.events.recv().await?;
        // The last has the name that the file keeps.
        while let Ok(Some(next)) = tokio::time::timeout(SILENCE, self.events.recv()).await {
            path = next;
        }
        Some(path.strip_prefix(&self.root).map(Path::to_owned).unwrap_or(path))
    }
}

fn is_source(root: &Path, path: &Path) -> bool {
    let Ok(within) = path.strip_prefix(root) else { return false };
    let mut parts = within.components().map(|part| part.as_os_str().to_string_lossy());
    let is_temporary =
        |name: &str| name.starts_with(".writing-") || name.ends_with('~') || name.ends_with(".swp");
    if !parts.all(|part| !IGNORED.contains(&part.as_ref()) && !is_temporary(&part)) {
        return false;
    }
    let is_beside = within.components().count() == 1 && !path.is_dir();
    let extension = path.extension().and_then(|extension| extension.to_str());
    !is_beside || extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sources_count() {
        let table = [
            ("/p/sql/1-a.up.sql", true),
            ("/p/alteration.json", true),
            ("/p/output.txt", false),
            ("/p/src/words.txt", true),
            ("/p/dist/1-a.wasm", false),
            ("/p/src/__pycache__/a.pyc", false),
            ("/p/node_modules/a.js", false),
            ("/p/src/.a.rs.swp", false),
            ("/p/src/a.rs~", false),
            ("/q/a", false),
        ];
        for (path, expected) in table {
            assert_eq!(is_source(Path::new("/p"), Path::new(path)), expected, "{path}");
        }
    }
}
