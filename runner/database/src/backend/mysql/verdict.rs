//! Decides whether a statement whose outcome is unknown took effect, by comparing the catalogue before and now.
//!
//! If the catalogue cannot show it, the verdict is `Unknown` and the operator decides. Asks no database.

use super::{catalogue::Things, server::Server};
use crate::{
    alteration::Dialect,
    backend::connection::Verdict,
    sql::{Reading, Statement},
};

/// Kinds of objects that are compared. A statement about any other object is not judged.
const KINDS_SEEN: [&str; 11] = [
    "TABLE",
    "TABLES",
    "VIEW",
    "INDEX",
    "SEQUENCE",
    "TRIGGER",
    "PROCEDURE",
    "FUNCTION",
    "EVENT",
    "DATABASE",
    "SCHEMA",
];
const KINDS_UNSEEN: [&str; 9] = [
    "USER",
    "ROLE",
    "SERVER",
    "TABLESPACE",
    "LOGFILE",
    "INSTANCE",
    "RESOURCE",
    "PACKAGE",
    "SONAME",
];
/// Actions of ALTER TABLE on rows or files that leave no trace in the table's definition.
const TRACELESS: [&str; 4] = ["EXCHANGE", "DISCARD", "IMPORT", "TRUNCATE"];

/// The first MySQL that makes a table and fills it in one step.
const ATOMIC_FILLING: (u32, u32, u32) = (8, 0, 21);

/// Returns whether `sql` took effect, from the objects that it names as they were `before` and are `now`.
pub(super) fn judge(sql: &str, reading: impl Into<Reading>, before: &str, now: &str) -> Verdict {
    let reading = reading.into();
    let things = |text: &str| serde_json::from_str::<Things>(text).ok();
    let (Ok(statement), Some(before), Some(now)) =
        (Statement::one(sql, reading), things(before), things(now))
    else {
        return Verdict::Unknown;
    };
    let words: Vec<String> = statement.words().map(|word| word.into_owned()).collect();
    let has = |word: &str| words.iter().any(|found| found == word);
    let verb = statement.verb();
    match verb.as_str() {
        // These can run twice, and a session's variables ended with the session.
        "ANALYZE" | "CHECK" | "OPTIMIZE" => return Verdict::NotDone,
        // Except SET STATEMENT … FOR, which runs a whole other statement.
        "SET" if !has("STATEMENT") => return Verdict::NotDone,
        "CREATE" | "ALTER" | "DROP" | "RENAME" => {}
        _ => return Verdict::Unknown,
    }
    let kind = words
        .iter()
        .find(|word| KINDS_SEEN.contains(&word.as_str()) || KINDS_UNSEEN.contains(&word.as_str()));
    if !kind.is_some_and(|kind| KINDS_SEEN.contains(&kind.as_str())) || has("SONAME") {
        return Verdict::Unknown;
    }
    if verb == "ALTER" && TRACELESS.iter().any(|word| has(word)) {
        return Verdict::Unknown;
    }
    if verb == "DROP"
        && kind
            .is_some_and(|kind| matches!(kind.as_str(), "TABLE" | "TABLES" | "VIEW" | "SEQUENCE"))
    {
        return dropped(&before, &now, has("IF"));
    }
    if before == now {
        // A RENAME of names in a circle leaves the catalogue as it was.
        let circle = verb == "RENAME" && words.iter().filter(|word| *word == "TO").count() > 1;
        return if circle { Verdict::Unknown } else { Verdict::NotDone };
    }
    Verdict::Done
}

/// Returns whether a table that one statement makes and fills, and that the catalogue shows as in `now`, may exist without
/// its rows. That is so on MySQL before 8.0.21, which worked in two steps, and for every engine that cannot roll back. A
/// cluster makes the table on every node first, and fills it with another transaction.
pub(super) fn may_lack_rows(server: &Server, now: &str) -> bool {
    if server.galera {
        return true;
    }
    let with_rollback = |things: Things| {
        let tables = things.iter().filter(|(name, _)| name.starts_with("table "));
        tables.into_iter().all(|(_, create)| create.contains(" ENGINE=InnoDB"))
    };
    server.dialect == Dialect::Mysql
        && !(server.is_at_least(ATOMIC_FILLING)
            && serde_json::from_str(now).is_ok_and(with_rollback))
}

/// Returns whether `sql` makes a table and fills it.
pub(super) fn is_filled_table(sql: &str, reading: impl Into<Reading>) -> bool {
    Statement::one(sql, reading).is_ok_and(|statement| {
        let words: Vec<String> = statement.words().map(|word| word.into_owned()).collect();
        let has = |word: &str| words.iter().any(|found| found == word);
        // CREATE TABLE t TABLE u copies u.
        let tables = words.iter().filter(|word| *word == "TABLE").count();
        let filled = has("SELECT") || has("VALUES") || tables > 1;
        statement.verb() == "CREATE" && has("TABLE") && filled
    })
}

/// Judges a DROP of a list. The server drops its objects one after the other, so that a part of them can be gone.
fn dropped(before: &Things, now: &Things, if_exists: bool) -> Verdict {
    let tables = || before.keys().filter(|name| name.starts_with("table "));
    let gone = tables().filter(|name| !now.contains_key(*name)).count();
    match (gone, tables().count()) {
        (0, _) => Verdict::NotDone,
        (gone, all) if gone == all => Verdict::Done,
        // Objects that are gone already do not prevent that the rest is dropped.
        _ if if_exists => Verdict::NotDone,
        _ => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        const NONE: &str = "{}";
        const T: &str = r#"{"table d.t":"1"}"#;
        const T2: &str = r#"{"table d.t":"2"}"#;
        const TU: &str = r#"{"table d.t":"1","table d.u":"1"}"#;
        let table = [
            ("CREATE TABLE t (a int)", NONE, T, Verdict::Done),
            ("CREATE TABLE t (a int)", NONE, NONE, Verdict::NotDone),
            ("ALTER TABLE t ADD b int", T, T2, Verdict::Done),
            ("ALTER TABLE t ADD b int", T, T, Verdict::NotDone),
            ("ALTER TABLE t TRUNCATE PARTITION p", T, T, Verdict::Unknown),
            ("CREATE INDEX i ON t (a)", T, T2, Verdict::Done),
            ("DROP INDEX i ON t", T, T2, Verdict::Done),
            ("DROP TABLE t", T, NONE, Verdict::Done),
            ("DROP TABLE t", T, T, Verdict::NotDone),
            ("DROP TABLE t, u", TU, T, Verdict::Unknown),
            ("DROP TABLE IF EXISTS t, u", TU, T, Verdict::NotDone),
            ("DROP TABLE t, u", TU, NONE, Verdict::Done),
            ("RENAME TABLE t TO u", T, T, Verdict::NotDone),
            ("RENAME TABLE t TO x, u TO t, x TO u", TU, TU, Verdict::Unknown),
            ("TRUNCATE TABLE t", T, T, Verdict::Unknown),
            ("SET sort_buffer_size = 1", NONE, NONE, Verdict::NotDone),
            ("SET STATEMENT max_statement_time=5 FOR DROP TABLE t", T, NONE, Verdict::Unknown),
            ("OPTIMIZE TABLE t", T, T, Verdict::NotDone),
            ("GRANT SELECT ON t TO u", T, T, Verdict::Unknown),
            ("CREATE USER t", T, T, Verdict::Unknown),
            ("CREATE FUNCTION f RETURNS STRING SONAME 'x.so'", NONE, NONE, Verdict::Unknown),
            ("CREATE TABLE t AS SELECT 1", NONE, T, Verdict::Done),
            ("CREATE TABLE t (a int)", "", T, Verdict::Unknown),
            ("not ' closed", NONE, NONE, Verdict::Unknown),
        ];
        for (sql, before, now, verdict) in table {
            assert_eq!(judge(sql, Dialect::Mariadb, before, now), verdict, "{sql}");
        }
        assert!(is_filled_table("CREATE TABLE t AS SELECT 1", Dialect::Mysql));
        assert!(!is_filled_table("CREATE TABLE t (a int)", Dialect::Mysql));
    }
}
