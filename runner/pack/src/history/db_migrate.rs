//! db-migrate: `sqls/<number>-<name>-up.sql` and `-down.sql`, which `<number>-<name>.js` beside `sqls` runs, ordered
//! by the name's text.
//!
//! As db-migrate 0.11 reads it: what has no script beside `sqls` is not run. A script is one that db-migrate made for
//! SQL, or at least one that does nothing with the database but run those two files; any other is code. The
//! folder `sqls` by itself is taken as well.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError},
    files::{self, File, Listing},
    hook, name,
    run_order::{self, Named},
};
use std::path::Path;

const SQLS: &str = "sqls";
const UP: &str = "-up.sql";
const DOWN: &str = "-down.sql";
/// What stands before `-up.sql` in the name of a preparation in the runner's own layout.
const OWN: &str = ".before";
const SCRIPTS: [&str; 2] = [".js", ".coffee"];

pub(super) fn read(folder: &Path, _: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let listing = files::list(folder)?;
    let sqls = match listing.folders.iter().find(|below| below.name == SQLS) {
        Some(below) => below.inside()?.files,
        None => listing.files.clone(),
    };
    let find = |name: String| sqls.iter().find(|file| file.name == name);
    let scripts: Vec<(&File, &str)> = scripts(&listing);
    let mut migrations = Vec::new();
    if scripts.is_empty() {
        for file in &sqls {
            let Some(stem) = file.name.strip_suffix(UP) else { continue };
            if is_named(stem) {
                migrations.push(migration(stem, file, find(format!("{stem}{DOWN}")))?);
            }
        }
    }
    for (script, stem) in scripts {
        let up = find(format!("{stem}{UP}"));
        let Some(up) = up.filter(|_| script.settings().is_ok_and(|code| only_runs(&code, stem)))
        else {
            return Err(script.problem(FileProblem::Code(Layout::DbMigrate)));
        };
        migrations.push(migration(stem, up, find(format!("{stem}{DOWN}")))?);
    }
    run_order::kept(migrations, Layout::DbMigrate)
}

/// Returns whether it is a folder of this tool: one of its SQL files.
pub(super) fn is(listing: &Listing) -> Result<Option<File>, HistoryError> {
    let sqls = match listing.folders.iter().find(|below| below.name == SQLS) {
        Some(below) => below.inside()?.files,
        None => listing.files.clone(),
    };
    let has = |name: String| sqls.iter().any(|file| file.name == name);
    let found = sqls.iter().find(|file| {
        let stem = file.name.strip_suffix(UP).unwrap_or_default();
        is_named(stem) && has(format!("{stem}{DOWN}"))
    });
    Ok(found.cloned())
}

/// Returns whether `<number>-<name>-up.sql` can be this tool's: `<id>.before-up.sql` is the runner's own.
fn is_named(stem: &str) -> bool {
    name::numbered(stem).is_some_and(|(_, rest)| rest.starts_with('-')) && !stem.ends_with(OWN)
}

/// Returns the scripts of migrations, and the name of each.
fn scripts(listing: &Listing) -> Vec<(&File, &str)> {
    let named = listing.files.iter().filter_map(|file| {
        let stem = SCRIPTS.iter().find_map(|ending| file.name.strip_suffix(ending))?;
        let (_, rest) = name::numbered(stem)?;
        rest.starts_with('-').then_some((file, stem))
    });
    named.collect()
}

/// Returns whether a script names its SQL file, and asks the database to do nothing but run what it read.
fn only_runs(code: &str, stem: &str) -> bool {
    let calls: Vec<&str> = code.split("db.").skip(1).collect();
    let runs = |call: &&str| call.starts_with("runSql(data") || call.starts_with("runSql data");
    code.contains(&format!("{stem}{UP}")) && !calls.is_empty() && calls.iter().all(runs)
}

fn migration(stem: &str, up: &File, down: Option<&File>) -> Result<Migration, HistoryError> {
    let section = |file: &File, is_way_back| -> Result<Section, HistoryError> {
        let (text, path) = (file.sql()?, file.path.clone());
        Ok(Section { hook: hook(is_way_back, true), text, path, first_line: 1 })
    };
    let down = down.map(|down| section(down, true)).transpose()?;
    let (number, rest) = name::numbered(stem).unwrap_or_default();
    let named = Named { file: up, number, name: rest.strip_prefix('-').unwrap_or(rest) };
    named.migration([Some(section(up, false)?), down].into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::{is_named, only_runs};

    #[test]
    fn names() {
        assert!(is_named("20240131-a") && is_named("20240131-before"));
        assert!(!is_named("2-indexes.before") && !is_named("a") && !is_named("1_a"));
    }

    #[test]
    fn scripts_that_only_run_their_sql() {
        let script = "exports.up = function(db) {\n  var filePath = path.join(__dirname, 'sqls', '1-a-up.sql');\n  return read(filePath).then(function(data) {\n    return db.runSql(data);\n  });\n};";
        assert!(only_runs(script, "1-a"));
        assert!(!only_runs(script, "1-b"));
        assert!(!only_runs(&script.replace("runSql(data)", "createTable('a', {})"), "1-a"));
        assert!(!only_runs(&format!("{script}\ndb.dropTable('a');"), "1-a"));
        assert!(!only_runs("// 1-a-up.sql", "1-a"));
    }
}
