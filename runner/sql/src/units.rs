//! Transactions that a script itself opens and closes: what stands between BEGIN and COMMIT is one *unit*.
//!
//! The host runs a unit as a transaction of its own; the words themselves never reach a server. Pure: knows
//! words, and says which of them do not pair.

use super::{statement::Statement, view::View};
use crate::alteration::Dialect;

/// The isolation level that a script asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl Isolation {
    pub fn as_sql(self) -> &'static str {
        match self {
            Self::ReadUncommitted => "READ UNCOMMITTED",
            Self::ReadCommitted => "READ COMMITTED",
            Self::RepeatableRead => "REPEATABLE READ",
            Self::Serializable => "SERIALIZABLE",
        }
    }
}

/// A statement that is about the transactions of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitWord {
    /// BEGIN or START TRANSACTION.
    Opens(Option<Isolation>),
    /// COMMIT or END.
    Closes,
    /// SET TRANSACTION ISOLATION LEVEL: of the unit that is open, on MySQL and MariaDB of the next one.
    Isolates(Isolation),
}

/// Returns what a statement says about the script's transactions; `None` if it is about something else. Plain words are
/// understood; an error says why any other is not, as a sentence without its full stop.
pub fn unit_word(statement: &Statement<'_>) -> Option<Result<UnitWord, String>> {
    word(statement.view(), statement.dialect() == Dialect::Sqlite)
}

/// Does as `unit_word` for a text whose database is not known: with the words of all of them.
pub fn any_unit_word(statement: &Statement<'_>) -> Option<Result<UnitWord, String>> {
    word(statement.view(), true)
}

/// `has_kinds`: whether BEGIN may say when SQLite takes its lock.
fn word(view: View<'_>, has_kinds: bool) -> Option<Result<UnitWord, String>> {
    let rest = |at: usize| view.from(at);
    let noise = |at: usize| at + usize::from(view.is_any(at, &["WORK", "TRANSACTION"]));
    match &*view.word(0)? {
        "BEGIN" if view.is(1, "NOT") => None,
        "BEGIN" => {
            let kinds = ["DEFERRED", "IMMEDIATE", "EXCLUSIVE"];
            let at = noise(1 + usize::from(has_kinds && view.is_any(1, &kinds)));
            Some(modes(rest(at)).map(UnitWord::Opens))
        }
        "START" if view.is(1, "TRANSACTION") => Some(modes(rest(2)).map(UnitWord::Opens)),
        // There it ends a body.
        "END" if view.is_mysql() => None,
        "COMMIT" | "END" => {
            let mut at = noise(1);
            if rest(at).starts_with(&["AND", "NO", "CHAIN"]) {
                at += 3;
            }
            Some(ended(rest(at), UnitWord::Closes))
        }
        "SET" => {
            let at = 1 + usize::from(view.is(1, "LOCAL") && !view.is_mysql());
            if !(view.is(at, "TRANSACTION") && view.is(at + 1, "ISOLATION")) {
                return None;
            }
            Some(modes(rest(at + 1)).and_then(|isolation| {
                isolation.map(UnitWord::Isolates).ok_or_else(|| not_plain(view))
            }))
        }
        "ROLLBACK" | "ABORT" => Some(Err(
            "ROLLBACK is refused: an alteration takes effect or fails; leave out what is taken back"
                .to_owned(),
        )),
        "SAVEPOINT" | "RELEASE" => Some(Err(format!(
            "{} is refused: leave it out, an alteration takes effect or fails as a whole",
            view.word(0).unwrap_or_default()
        ))),
        _ => None,
    }
}

/// `word` where nothing more follows.
fn ended(rest: View<'_>, word: UnitWord) -> Result<UnitWord, String> {
    match rest.tokens {
        [] => Ok(word),
        _ => Err(not_plain(rest)),
    }
}

/// Returns the modes of a transaction; READ WRITE is what there is.
fn modes(view: View<'_>) -> Result<Option<Isolation>, String> {
    let (mut at, mut isolation) = (0, None);
    while at < view.tokens.len() {
        let rest = view.from(at);
        let levels = [
            (&["READ", "UNCOMMITTED"][..], Isolation::ReadUncommitted),
            (&["READ", "COMMITTED"], Isolation::ReadCommitted),
            (&["REPEATABLE", "READ"], Isolation::RepeatableRead),
            (&["SERIALIZABLE"], Isolation::Serializable),
        ];
        at += if rest.starts_with(&["ISOLATION", "LEVEL"]) {
            let level = levels.iter().find(|(words, _)| rest.from(2).starts_with(words));
            let (words, level) = level.ok_or_else(|| not_plain(rest))?;
            isolation = Some(*level);
            2 + words.len()
        } else if rest.starts_with(&["READ", "WRITE"]) || rest.starts_with(&["NOT", "DEFERRABLE"]) {
            2
        } else if rest.is_symbol(0, b',') {
            1
        } else {
            return Err(not_plain(rest));
        };
    }
    Ok(isolation)
}

fn not_plain(rest: View<'_>) -> String {
    let words: Vec<_> = (0..rest.tokens.len().min(4)).map(|at| rest.text_at(at)).collect();
    format!(
        "`{}` is not understood about a transaction: write BEGIN and COMMIT, with an isolation level at most",
        words.join(" ")
    )
}

/// Follows a script from one statement to the next.
#[derive(Debug, Clone, Copy, Default)]
pub struct Units {
    is_open: bool,
    /// Whether a statement of the unit was there.
    has_begun: bool,
}

impl Units {
    pub fn is_open(self) -> bool {
        self.is_open
    }

    /// Takes the next statement of the script: its word, or `None` for one that runs. An error says why it cannot
    /// stand here.
    pub fn take(&mut self, statement: &Statement<'_>) -> Result<Option<UnitWord>, String> {
        let Some(word) = unit_word(statement).transpose()? else {
            self.has_begun |= self.is_open;
            return Ok(None);
        };
        let is_mysql = matches!(statement.dialect(), Dialect::Mysql | Dialect::Mariadb);
        match word {
            UnitWord::Opens(_) if self.is_open => {
                return Err(
                    "a transaction is opened in one that is open: COMMIT that first, or leave this out"
                        .to_owned(),
                );
            }
            UnitWord::Closes if !self.is_open => {
                return Err(
                    "COMMIT is refused: nothing opens the transaction that it closes; write BEGIN before what belongs together, or leave this out"
                        .to_owned(),
                );
            }
            UnitWord::Isolates(_) if is_mysql && self.is_open => {
                return Err("the level has to be set before the transaction is opened".to_owned());
            }
            UnitWord::Isolates(_) if self.has_begun => {
                return Err(
                    "the level has to be set before the transaction's first statement".to_owned()
                );
            }
            UnitWord::Opens(_) => *self = Self { is_open: true, has_begun: false },
            UnitWord::Closes => *self = Self::default(),
            UnitWord::Isolates(_) => {}
        }
        Ok(Some(word))
    }
}

/// What is said of a unit that the script's end leaves open.
pub const UNCLOSED: &str =
    "the transaction that this opens is never closed: write COMMIT behind what belongs together";

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{Mariadb, Mysql, Postgresql, Sqlite};
    use UnitWord::{Closes, Isolates, Opens};

    fn word(sql: &str, dialect: Dialect) -> Option<Result<UnitWord, String>> {
        unit_word(&Statement::one(sql, dialect).unwrap())
    }

    #[test]
    fn words() {
        let serializable = Some(Isolation::Serializable);
        let table = [
            ("BEGIN", Postgresql, Opens(None)),
            ("begin work", Mysql, Opens(None)),
            ("BEGIN TRANSACTION READ WRITE", Postgresql, Opens(None)),
            ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE", Postgresql, Opens(serializable)),
            (
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ WRITE, NOT DEFERRABLE",
                Postgresql,
                Opens(Some(Isolation::RepeatableRead)),
            ),
            ("BEGIN EXCLUSIVE TRANSACTION", Sqlite, Opens(None)),
            ("COMMIT", Mariadb, Closes),
            ("END TRANSACTION", Sqlite, Closes),
            ("COMMIT AND NO CHAIN", Postgresql, Closes),
            (
                "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
                Mysql,
                Isolates(Isolation::ReadCommitted),
            ),
            (
                "SET LOCAL TRANSACTION ISOLATION LEVEL READ UNCOMMITTED, READ WRITE",
                Postgresql,
                Isolates(Isolation::ReadUncommitted),
            ),
        ];
        for (sql, dialect, expected) in table {
            assert_eq!(word(sql, dialect), Some(Ok(expected)), "{sql}");
        }
        let refused = [
            ("BEGIN READ ONLY", Postgresql),
            ("COMMIT AND CHAIN", Postgresql),
            ("COMMIT PREPARED 'x'", Postgresql),
            ("START TRANSACTION WITH CONSISTENT SNAPSHOT", Mysql),
            ("ROLLBACK", Sqlite),
            ("SAVEPOINT a", Postgresql),
            ("SET TRANSACTION ISOLATION LEVEL CHAOS", Postgresql),
        ];
        for (sql, dialect) in refused {
            assert!(matches!(word(sql, dialect), Some(Err(_))), "{sql}");
        }
        let others = [
            ("SELECT 1", Postgresql),
            ("BEGIN NOT ATOMIC SELECT 1; END", Mariadb),
            ("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE", Mysql),
            ("SET TRANSACTION READ ONLY", Postgresql),
            ("START SLAVE", Mysql),
        ];
        for (sql, dialect) in others {
            assert_eq!(word(sql, dialect), None, "{sql}");
        }
    }

    #[test]
    fn what_pairs() {
        let run = |sqls: &[&str], dialect| {
            let mut units = Units::default();
            let mut each = sqls.iter().map(|sql| Statement::one(sql, dialect).unwrap());
            let refused = each.position(|statement| units.take(&statement).is_err());
            (refused, units.is_open())
        };
        let level = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE";
        let table: [(&[&str], Dialect, Option<usize>, bool); 9] = [
            (&["A", "BEGIN", "B", "COMMIT", "C", "BEGIN", "END"], Postgresql, None, false),
            (&["BEGIN", "A"], Postgresql, None, true),
            (&["BEGIN", "A", "BEGIN"], Mysql, Some(2), true),
            (&["A", "COMMIT"], Sqlite, Some(1), false),
            (&["BEGIN", "COMMIT", "COMMIT"], Postgresql, Some(2), false),
            (&["BEGIN", level, "A", "COMMIT", level], Postgresql, None, false),
            (&["BEGIN", "A", level], Postgresql, Some(2), true),
            (&[level, "BEGIN", "A", "COMMIT"], Mysql, None, false),
            (&["BEGIN", level], Mysql, Some(1), true),
        ];
        for (sqls, dialect, refused, is_open) in table {
            assert_eq!(run(sqls, dialect), (refused, is_open), "{sqls:?}");
        }
    }
}
