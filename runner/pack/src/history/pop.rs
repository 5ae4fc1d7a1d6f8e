//! Ory's and Buffalo's pop: not taken, because its Fizz and its templates are read by pop alone. Says what to do.

use super::{
    error::{FileProblem, HistoryError},
    files::File,
    name,
};

const FIZZ: &str = "Fizz, which only pop reads: write what it does as SQL in `<number>_<name>.up.sql` and `.down.sql`, with `.postgresql.up.sql` for one database, and remove this file";
const FOR_ONE: &str = "a file of pop for one database: rename `.postgres.` to `.postgresql.` and `.sqlite3.` to `.sqlite.`, remove those of `.cockroach.`, and pack the folder again";

/// Refuses a file that only pop has. Its `.mysql.up.sql` is the runner's own, too; its `.postgres.up.sql` is told by what
/// reads the runner's own names.
pub(super) fn refuse(files: &[File]) -> Result<(), HistoryError> {
    for file in files {
        let is_numbered = name::numbered(&file.name).is_some_and(|(_, rest)| rest.starts_with('_'));
        if is_numbered && file.name.ends_with(".fizz") {
            return Err(file.problem(FileProblem::Other(FIZZ)));
        }
        let stem = [".up.sql", ".down.sql"].iter().find_map(|end| file.name.strip_suffix(end));
        let is_for_one = stem.is_some_and(|stem| stem.ends_with(".cockroach"));
        if is_numbered && is_for_one {
            return Err(file.problem(FileProblem::Other(FOR_ONE)));
        }
    }
    Ok(())
}
