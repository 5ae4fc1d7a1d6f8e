//! What a statement of MySQL or MariaDB can do to the transaction that its session has open.
//!
//! Says only what is certain from the text. Whether a transaction is open says the server; see `backend/journal/apart.rs`.

use super::{standing::assignments, statement::Statement, view::View};

/// What a statement can do to an open transaction. Later ones can do what earlier ones can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// Stays in it.
    Within,
    /// Commits it.
    Commits,
    /// Rolls it back, all of it.
    RollsBack,
    /// Rolls back a part of it.
    RollsBackTo,
    /// Stays in it or commits it.
    MayCommit,
    /// Runs other statements: anything.
    RunsCode,
}

/// What `statement` can do to an open transaction.
pub fn turn(statement: &Statement<'_>) -> Turn {
    if statement.hides() {
        return Turn::RunsCode;
    }
    of_view(statement.view(), statement.is_plain())
}

/// Beginnings of statements that run others, longer ones before shorter ones.
const CODE: [&[&str]; 9] = [
    &["CALL"],
    &["EXECUTE"],
    &["BEGIN", "NOT", "ATOMIC"],
    &["IF"],
    &["CASE"],
    &["LOOP"],
    &["WHILE"],
    &["REPEAT"],
    &["FOR"],
];
const COMMITTING: [&[&str]; 5] =
    [&["COMMIT"], &["START", "TRANSACTION"], &["BEGIN"], &["LOCK", "TABLES"], &["LOCK", "TABLE"]];
const STAYING: [&[&str]; 8] = [
    &["SAVEPOINT"],
    &["RELEASE"],
    &["PREPARE"],
    &["DEALLOCATE"],
    &["DROP", "PREPARE"],
    &["USE"],
    &["HANDLER"],
    &["SET", "TRANSACTION"],
];

fn of_view(view: View<'_>, is_plain: bool) -> Turn {
    let begins = |table: &[&[&str]]| table.iter().any(|words| view.starts_with(words));
    if view.starts_with(&["SET", "STATEMENT"]) {
        // What it runs can be anything of its own, with settings before it.
        return match view.find(2, "FOR").map(|at| view.from(at + 1)) {
            Some(inner) => of_view(inner, super::plain::is_plain(inner)),
            None => Turn::RunsCode,
        };
    }
    if begins(&CODE) {
        Turn::RunsCode
    } else if begins(&COMMITTING) {
        Turn::Commits
    } else if view.is(0, "ROLLBACK") {
        match view.is(1, "TO") || view.is(1, "WORK") && view.is(2, "TO") {
            true => Turn::RollsBackTo,
            false => Turn::RollsBack,
        }
    } else if is_plain || begins(&STAYING) || is_of_temporary(view) || sets_without_a_turn(view) {
        Turn::Within
    } else {
        Turn::MayCommit
    }
}

/// Whether a statement makes or drops a temporary table: the word stands right behind the verb.
pub(super) fn is_of_temporary(view: View<'_>) -> bool {
    view.starts_with(&["CREATE", "TEMPORARY"])
        || view.starts_with(&["CREATE", "OR", "REPLACE", "TEMPORARY"])
        || view.starts_with(&["DROP", "TEMPORARY"])
}

/// A SET of variables and settings, none of which is autocommit.
fn sets_without_a_turn(view: View<'_>) -> bool {
    const OTHER: [&str; 7] =
        ["PASSWORD", "DEFAULT", "ROLE", "RESOURCE", "GLOBAL", "PERSIST", "PERSIST_ONLY"];
    view.is(0, "SET")
        && !view.is_any(1, &OTHER)
        && assignments(view.from(1)).iter().all(|assignment| {
            assignment.user_variable().is_some()
                || assignment.setting().is_some_and(|name| name != "autocommit")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alteration::Dialect;

    #[test]
    fn only_what_surely_stays_in_a_transaction_stays() {
        use Turn::{Commits, MayCommit, RollsBack, RollsBackTo, RunsCode, Within};
        let table = [
            ("INSERT INTO temporary VALUES (1)", Within),
            ("(SELECT 1)", Within),
            ("CREATE TEMPORARY TABLE a (b int)", Within),
            ("CREATE OR REPLACE TEMPORARY TABLE a (b int)", Within),
            ("DROP TEMPORARY TABLE a", Within),
            ("DROP PREPARE a", Within),
            ("CREATE TABLE a (id int, temporary tinyint)", MayCommit),
            ("CREATE TABLE temporary (a int)", MayCommit),
            ("CREATE OR REPLACE TABLE temporary (a int)", MayCommit),
            ("DROP TABLE temporary", MayCommit),
            ("DROP TABLE IF EXISTS prepare", MayCommit),
            ("SET @a = 1, sql_mode = ''", Within),
            ("SET @old = @@autocommit", Within),
            ("SET NAMES utf8mb4", Within),
            ("SET autocommit = FALSE", MayCommit),
            ("SET autocommit = 0, sql_mode = ''", MayCommit),
            ("SET @@session.autocommit = 1", MayCommit),
            ("SET SESSION AUTOCOMMIT = 1", MayCommit),
            ("SET PASSWORD = PASSWORD('')", MayCommit),
            ("SET STATEMENT max_statement_time=60 FOR CREATE TABLE a (b int)", MayCommit),
            ("SET STATEMENT max_statement_time=60 FOR INSERT INTO a VALUES (1)", Within),
            ("SET STATEMENT max_statement_time=60 FOR CALL p()", RunsCode),
            ("UNLOCK TABLES", MayCommit),
            ("LOCK TABLES a WRITE", Commits),
            ("BEGIN", Commits),
            ("BEGIN NOT ATOMIC SELECT 1; END", RunsCode),
            ("CALL p()", RunsCode),
            ("ROLLBACK", RollsBack),
            ("ROLLBACK AND CHAIN", RollsBack),
            ("ROLLBACK TO SAVEPOINT a", RollsBackTo),
            ("ROLLBACK WORK TO a", RollsBackTo),
            ("XA END 'a'", MayCommit),
        ];
        for (sql, expected) in table {
            let statement = Statement::one(sql, Dialect::Mariadb).expect(sql);
            assert_eq!(turn(&statement), expected, "{sql}");
        }
    }
}
