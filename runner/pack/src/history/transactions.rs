//! Transactions in a file: the runner has its own, and a guest can neither open nor end one.
//!
//! Many files open one and commit it, as golang-migrate's manual advises on PostgreSQL. Where a file has one
//! frame, the runner's transaction takes its place: blanks stand for the two statements, so that all others keep
//! their lines. A file with several, with a level of isolation, or with a frame outside of the runner's
//! transaction on PostgreSQL keeps them: they are its units (`units.rs`). So does one with statements around its frame on
//! PostgreSQL, where what is committed can be used and what is checked at COMMIT is checked; elsewhere nobody can tell
//! the difference. What does not pair is refused, which a deploy would do later. Pure.

use super::{
    error::Problem,
    statements::{Bad, DIALECTS, each_statement},
};
use crate::{
    alteration::Dialect,
    sql::{Statement, UnitWord, any_unit_word, as_client, undelimited, unrepeatable},
};
use std::{borrow::Cow, collections::BTreeSet, ops::Range};

/// What a statement says about transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Opens,
    /// With a level of isolation.
    OpensAt,
    Commits,
    /// It sets the level of the transaction that is open, or of the next one.
    Level,
    Other(String),
}

type Reading = Vec<(Kind, Range<usize>)>;

/// What a text says about transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    /// It has one frame, whose place the host's transaction takes: the text without it.
    Framed(String),
    /// The same with statements around the frame, which PostgreSQL runs apart from what is in it.
    FramedBeside(String),
    /// It opens and closes transactions that are its own.
    Units,
}

/// Returns what the text says; refuses what no host could follow. `by_itself`: each statement that is in none of its
/// transactions is alone on PostgreSQL, so that no transaction of the host takes a frame's place.
pub(super) fn said(text: &str, named: &BTreeSet<Dialect>, by_itself: bool) -> Result<Said, Bad> {
    let possible: BTreeSet<Dialect> = match named.is_empty() {
        false => named.clone(),
        // Only the clients of MySQL and MariaDB know the command.
        true if matches!(undelimited(text, Dialect::Mysql), Ok(Cow::Owned(_))) => {
            [Dialect::Mysql].into()
        }
        true => DIALECTS.into(),
    };
    let mut readings: Vec<_> = possible.iter().filter_map(|d| found(text, *d)).collect();
    readings.dedup();
    let [reading] = &readings[..] else {
        return match certain_begin(&readings) {
            Some(range) if named.is_empty() => {
                Err((range.start, Problem::WhoseTransaction(text[range].to_owned())))
            }
            _ => Ok(Said::Nothing),
        };
    };
    // What stands in the way is told, and not the frame around it.
    if let Some((Kind::Other(words), range)) =
        reading.iter().find(|(kind, _)| matches!(kind, Kind::Other(_)))
    {
        return Err((range.start, Problem::Transaction(words.clone())));
    }
    let by_itself = by_itself && possible.contains(&Dialect::Postgresql);
    match &reading[..] {
        [] => Ok(Said::Nothing),
        [(Kind::Opens, first), (Kind::Commits, last)] if !by_itself => {
            let is_beside =
                possible.contains(&Dialect::Postgresql) && has_beside(text, first.start..last.end);
            let mut text = text.to_owned();
            for range in [first, last] {
                text.replace_range(range.clone(), &blanks(&text[range.clone()]));
            }
            Ok(if is_beside { Said::FramedBeside(text) } else { Said::Framed(text) })
        }
        words => match unpaired(words) {
            Some(range) => Err((range.start, Problem::Transaction(text[range].to_owned()))),
            None => Ok(Said::Units),
        },
    }
}

/// Returns the word that has no other one.
fn unpaired(words: &[(Kind, Range<usize>)]) -> Option<Range<usize>> {
    let mut open = None;
    for (kind, range) in words {
        match kind {
            Kind::Opens | Kind::OpensAt if open.is_some() => return open,
            Kind::Opens | Kind::OpensAt => open = Some(range.clone()),
            Kind::Commits if open.is_none() => return Some(range.clone()),
            Kind::Commits => open = None,
            Kind::Level | Kind::Other(_) => {}
        }
    }
    open
}

/// Returns whether PostgreSQL would run a statement before or behind `frame` that is no setting. What only SQLite knows
/// is none of its.
fn has_beside(text: &str, frame: Range<usize>) -> bool {
    let (mut is_beside, mut is_sqlite) = (false, false);
    let read = each_statement(text, Dialect::Postgresql, |start, statement| {
        let words: Vec<_> = statement.words().collect();
        let words: Vec<_> = words.iter().map(|word| &**word).collect();
        is_sqlite |= matches!(
            words[..],
            ["PRAGMA", ..] | ["BEGIN", "DEFERRED" | "IMMEDIATE" | "EXCLUSIVE", ..]
        );
        let at = start + statement.tokens().first().map_or(0, |token| token.range().start);
        is_beside |= !frame.contains(&at) && !is_setting(&words);
        Ok(())
    });
    read.is_ok() && is_beside && !is_sqlite
}

/// Returns whether a statement of these words only sets something for its session, or shows it.
pub(super) fn is_setting(words: &[&str]) -> bool {
    match words {
        ["SET" | "RESET" | "PRAGMA" | "SHOW", ..] => true,
        ["SELECT", rest @ ..] => {
            matches!(rest, ["SET_CONFIG", ..] | ["PG_CATALOG", "SET_CONFIG", ..])
        }
        _ => false,
    }
}

/// Returns what opens a transaction where the dialects read the rest differently. In bodies of procedures some see
/// statements about transactions where there are none, but hardly a frame, and not all of them do.
fn certain_begin(readings: &[Reading]) -> Option<Range<usize>> {
    let opens = |reading: &&Reading| matches!(reading[..], [(Kind::Opens | Kind::OpensAt, _), ..]);
    let frames = |reading: &&Reading| matches!(reading[..], [(Kind::Opens, _), (Kind::Commits, _)]);
    let by_all = readings.iter().all(|reading| opens(&reading));
    let found = readings.iter().find(|reading| by_all || frames(reading))?;
    found.first().map(|(_, range)| range.clone())
}

/// Returns blanks of as many bytes and as many lines.
pub(super) fn blanks(text: &str) -> String {
    text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { byte.into() } else { ' ' }).collect()
}

/// Returns the statements about transactions, if the text can be read at all.
fn found(text: &str, dialect: Dialect) -> Option<Reading> {
    let mut found = Vec::new();
    // From there on the session is the hook's own, and its transactions are its own too.
    let own = as_client(text, dialect).ok().and_then(|text| unrepeatable(&text, dialect));
    let own = own.map_or(usize::MAX, |own| own.start);
    each_statement(text, dialect, |start, statement| {
        if start < own
            && let Some(kind) = kind(statement)
        {
            let (first, last) = (statement.tokens().first(), statement.tokens().last());
            let start = start + first.map_or(0, |token| token.range().start);
            let end =
                last.map_or(0, |last| last.range().end - first.map_or(0, |f| f.range().start));
            found.push((kind, start..start + end));
        }
        Ok(())
    })
    .ok()?;
    Some(found)
}

pub(super) fn kind(statement: &Statement<'_>) -> Option<Kind> {
    let verb = || statement.words().next().map(Cow::into_owned).unwrap_or_default();
    match any_unit_word(statement)? {
        Ok(UnitWord::Opens(None)) => Some(Kind::Opens),
        Ok(UnitWord::Opens(Some(_))) => Some(Kind::OpensAt),
        Ok(UnitWord::Closes) => Some(Kind::Commits),
        Ok(UnitWord::Isolates(_)) => Some(Kind::Level),
        Err(_) => Some(Kind::Other(verb())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unframed(
        text: &str,
        named: &BTreeSet<Dialect>,
        in_transaction: bool,
    ) -> Result<Option<String>, Bad> {
        match said(text, named, !in_transaction)? {
            Said::Nothing => Ok(None),
            Said::Framed(text) => Ok(Some(text)),
            Said::FramedBeside(text) => Ok(Some(format!("beside: {text}"))),
            Said::Units => Ok(Some("units".to_owned())),
        }
    }

    fn any(text: &str) -> Result<Option<String>, Bad> {
        unframed(text, &BTreeSet::new(), true)
    }

    #[test]
    fn frames() {
        let table = [
            ("BEGIN;\nA;\nCOMMIT;\n", Some("     ;\nA;\n      ;\n")),
            (
                "-- BEGIN\nbegin\ntransaction ;A;commit",
                Some("-- BEGIN\n     \n            ;A;      "),
            ),
            ("START TRANSACTION; A; COMMIT WORK;", Some("                 ; A;            ;")),
            (
                "PRAGMA x; BEGIN IMMEDIATE; A; COMMIT; B",
                Some("PRAGMA x;                ; A;       ; B"),
            ),
            ("BEGIN; A; COMMIT; B", Some("beside:      ; A;       ; B")),
            ("B; BEGIN; A; COMMIT", Some("beside: B;      ; A;       ")),
            ("BEGIN; A; COMMIT; SELECT f()", Some("beside:      ; A;       ; SELECT f()")),
            ("A; B", None),
            ("SELECT 'BEGIN;'; SELECT 'COMMIT;'", None),
            ("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END; SELECT 2;", None),
            (
                "CREATE PROCEDURE p() BEGIN START TRANSACTION; UPDATE a SET x = 1; COMMIT; END;",
                None,
            ),
            (
                "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN UPDATE a SET x = 1; COMMIT; END $$;",
                None,
            ),
            (
                "CREATE PROCEDURE p() BEGIN DECLARE x INT; START TRANSACTION; UPDATE a SET x = 1; COMMIT; END;",
                None,
            ),
            (
                "DELIMITER //\nCREATE PROCEDURE p() BEGIN DECLARE x INT; START TRANSACTION; UPDATE a SET x = 1; COMMIT; END //\nDELIMITER ;\n",
                None,
            ),
            ("SELECT 'open", None),
        ];
        for (text, expected) in table {
            assert_eq!(any(text).unwrap().as_deref(), expected, "{text}");
        }
        let text = "SET x = 1; SELECT pg_catalog.set_config('search_path', '', false); BEGIN; A; COMMIT; RESET x;";
        let seen = unframed(text, &BTreeSet::from([Dialect::Postgresql]), true).unwrap();
        let kept = text.replace("BEGIN", "     ").replace("COMMIT", "      ");
        assert_eq!(seen, Some(kept));
        let text = "BEGIN; CREATE FUNCTION f() RETURNS int AS $$ BEGIN RETURN 1; END $$ LANGUAGE plpgsql; END;";
        let unframed =
            unframed(text, &BTreeSet::from([Dialect::Postgresql]), true).unwrap().unwrap();
        assert_eq!(unframed.trim_matches([' ', ';']), &text[7..text.len() - 6]);
    }

    #[test]
    fn units() {
        let table = [
            "BEGIN; A; COMMIT; BEGIN; B; COMMIT;",
            "BEGIN ISOLATION LEVEL SERIALIZABLE; A; COMMIT;",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; A;",
        ];
        for text in table {
            assert_eq!(said(text, &BTreeSet::new(), false), Ok(Said::Units), "{text}");
        }
        let before = "ALTER TYPE s ADD VALUE 'two'; BEGIN; A; COMMIT;";
        assert!(matches!(said(before, &BTreeSet::new(), false), Ok(Said::FramedBeside(_))));
        let inside = "BEGIN; ALTER TYPE s ADD VALUE 'two'; COMMIT;";
        assert!(matches!(said(inside, &BTreeSet::new(), false), Ok(Said::Framed(_))));
    }

    #[test]
    fn refused() {
        let table = [
            ("A; COMMIT;", 3, "COMMIT"),
            ("BEGIN; A;", 0, "BEGIN"),
            ("BEGIN; A; COMMIT; BEGIN; B;", 18, "BEGIN"),
            ("BEGIN; A; BEGIN; B; COMMIT;", 0, "BEGIN"),
            ("A;\nSAVEPOINT x;", 3, "SAVEPOINT"),
            ("BEGIN; A; ROLLBACK;", 10, "ROLLBACK"),
            ("BEGIN;\nA;\nSAVEPOINT a;\nRELEASE a;\nCOMMIT;\n", 10, "SAVEPOINT"),
            ("BEGIN READ ONLY; A; COMMIT;", 0, "BEGIN"),
        ];
        for (text, at, words) in table {
            let bad = (at, Problem::Transaction(words.to_owned()));
            assert_eq!(any(text), Err(bad), "{text}");
        }
    }

    #[test]
    fn outside_of_a_transaction() {
        use Dialect::{Mariadb, Postgresql, Sqlite};
        let text = "A;\nbegin; B; COMMIT;";
        for dialects in [&[][..], &[Postgresql], &[Postgresql, Sqlite]] {
            let dialects = dialects.iter().copied().collect();
            assert_eq!(said(text, &dialects, true), Ok(Said::Units), "{dialects:?}");
        }
        for dialect in [Sqlite, Mariadb] {
            let seen = unframed(text, &BTreeSet::from([dialect]), false).unwrap();
            assert_eq!(seen.as_deref(), Some("A;\n     ; B;       ;"), "{dialect:?}");
            let seen = unframed(text, &BTreeSet::from([dialect]), true).unwrap();
            assert_eq!(seen.as_deref(), Some("A;\n     ; B;       ;"), "{dialect:?}");
        }
        assert_eq!(unframed("A; B", &BTreeSet::new(), false), Ok(None));
    }

    #[test]
    fn read_differently() {
        let table = [
            ("BEGIN; A; END;", 0, "BEGIN"),
            (
                "A;\nbegin work; CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END; COMMIT;",
                3,
                "begin work",
            ),
            ("A # B; BEGIN; C; COMMIT;", 7, "BEGIN"),
        ];
        for (text, at, words) in table {
            let bad = (at, Problem::WhoseTransaction(words.to_owned()));
            assert_eq!(any(text), Err(bad), "{text}");
        }
        let named = BTreeSet::from([Dialect::Postgresql]);
        let seen = unframed("BEGIN; A; END;", &named, true).unwrap();
        assert_eq!(seen.as_deref(), Some("     ; A;    ;"));
    }
}
