//! The modules of virtual tables: those of SQLite itself, and well-known ones that are none of its own.

/// What becomes of `CREATE VIRTUAL TABLE … USING` each module.
const MODULES: &[(&str, Result<(), &str>)] = &[
    ("fts3", Ok(())),
    ("fts4", Ok(())),
    ("fts5", Ok(())),
    // They show what is in the index of a table of the former three.
    ("fts3tokenize", Ok(())),
    ("fts4aux", Ok(())),
    ("fts5vocab", Ok(())),
    ("rtree", Ok(())),
    ("rtree_i32", Ok(())),
    // It tells the sizes of pages, and nothing of what is in them.
    ("dbstat", Ok(())),
    ("geopoly", Err("the runner's SQLite is built without it")),
    ("sqlite_dbpage", Err(PAGES)),
    ("sqlite_dbdata", Err(PAGES)),
    ("sqlite_dbptr", Err(PAGES)),
    ("csv", Err(FILES)),
    ("fsdir", Err(FILES)),
    ("zipfile", Err(FILES)),
    ("unionvtab", Err(FILES)),
    ("swarmvtab", Err(FILES)),
    ("json_each", Err(FUNCTION)),
    ("json_tree", Err(FUNCTION)),
    ("jsonb_each", Err(FUNCTION)),
    ("jsonb_tree", Err(FUNCTION)),
];

const PAGES: &str = "it reads pages of the file as they are";
const FILES: &str = "it reads other files";
const FUNCTION: &str = "it is a function that is called, of which no table can be made";
const UNKNOWN: &str = "it is none of SQLite's own";

/// Returns why a guest may make no virtual table of `module`; `None` if it may.
pub fn module(module: &str) -> Option<String> {
    let row = MODULES.iter().find(|(name, _)| name.eq_ignore_ascii_case(module));
    let why = match row {
        Some((_, Ok(()))) => return None,
        Some((_, Err(why))) => why,
        None => UNKNOWN,
    };
    let allowed: Vec<_> =
        MODULES.iter().filter(|(_, answer)| answer.is_ok()).map(|(name, _)| *name).collect();
    Some(format!(
        "virtual tables of the module {module} are refused: {why}; allowed are {}",
        allowed.join(", ")
    ))
}

/// Returns whether a table of this name is there without being made, and reaches the file's pages.
pub fn is_page_access(table: &str) -> bool {
    ["sqlite_dbpage", "sqlite_dbdata", "sqlite_dbptr"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_reason() {
        for (name, answer) in MODULES {
            assert_eq!(module(&name.to_uppercase()).is_none(), answer.is_ok(), "{name}");
        }
        assert!(module("spellfix1").unwrap().contains(UNKNOWN));
        assert!(module("csv").unwrap().contains("files; allowed are fts3, fts4, fts5"));
        assert!(is_page_access("SQLite_dbpage") && !is_page_access("dbpage"));
    }
}
