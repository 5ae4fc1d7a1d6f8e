//! What SQLite would do and a guest may not: names of pragmas, modules and functions, and the reasons.
//!
//! The authorizer asks with SQLite's own description of an action (`backend/sqlite/guard.rs`), and
//! `refusal/sqlite.rs` with the text, before anything runs. Both give the same reason.

pub const TRANSACTION: &str =
    "BEGIN, COMMIT and ROLLBACK are the host's: a hook runs in one transaction";
pub const SAVEPOINT: &str = "SAVEPOINT, RELEASE and ROLLBACK TO are the host's";
pub const ATTACH: &str = "ATTACH and DETACH are refused: a hook sees one database";
pub const TEMPORARY: &str = "temporary triggers and views are refused: they would outlive the hook";

const READING_PRAGMAS: [&str; 15] = [
    "application_id",
    "collation_list",
    "compile_options",
    // FTS5 asks for it before it reads a table.
    "data_version",
    "foreign_key_check",
    "foreign_key_list",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
    "encoding",
];

const VIRTUAL_TABLE_MODULES: [&str; 5] = ["fts3", "fts4", "fts5", "rtree", "geopoly"];

/// Why a guest may not run this pragma; `None` if it may. `value` is empty where none is given.
pub fn pragma(name: &str, value: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        // Without effect in a transaction, and a hook is in one: foreign keys are off while it runs, and are
        // checked at its end. Histories have both around each table that is made again.
        "foreign_keys" | "defer_foreign_keys" => None,
        "user_version" | "application_id" | "encoding" if !value.is_empty() => {
            Some(format!("PRAGMA {name} can be read, not set"))
        }
        name if READING_PRAGMAS.contains(&name) => None,
        name => Some(format!("PRAGMA {name} is refused")),
    }
}

/// Why a guest may make no virtual table of `module`; `None` if it may.
pub fn module(module: &str) -> Option<String> {
    let known = VIRTUAL_TABLE_MODULES.iter().any(|known| known.eq_ignore_ascii_case(module));
    (!known).then(|| {
        format!(
            "virtual tables of the module {module} are refused; allowed are {}",
            VIRTUAL_TABLE_MODULES.join(", ")
        )
    })
}

/// Why a guest may not call the SQL function `name`; `None` if it may.
pub fn function(name: &str) -> Option<String> {
    matches!(name.to_ascii_lowercase().as_str(), "load_extension" | "fts3_tokenizer")
        .then(|| format!("the SQL function {name} is refused"))
}

/// Why a guest may not touch the runner's table `name`, which it is.
pub fn own_table(name: &str) -> String {
    format!("the runner's table {} is not for alterations", name.to_ascii_lowercase())
}
