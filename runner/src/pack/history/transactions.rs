//! Transactions in a file: the runner has its own, and a guest can neither open nor end one.
//!
//! Many files open one and commit it, as golang-migrate's manual advises on PostgreSQL. Where a file has one
//! frame, the runner's transaction takes its place: blanks stand for the two statements, so that all others keep
//! their lines. Outside of the runner's transaction nothing would take the place of a frame on PostgreSQL; SQLite
//! has one transaction there too, and MySQL none anywhere. Anything else about transactions is refused, which
//! a deploy would do later. Pure.

use super::{
    error::Problem,
    statements::{Bad, DIALECTS, each_statement},
};
use crate::{
    alteration::Dialect,
    sql::{Statement, as_client, undelimited, unrepeatable},
};
use std::{borrow::Cow, collections::BTreeSet, ops::Range};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Opens,
    Commits,
    Other(String),
}

type Reading = Vec<(Kind, Range<usize>)>;

/// The text without its frame; `None` where it has none.
pub(super) fn unframed(
    text: &str,
    named: &BTreeSet<Dialect>,
    in_transaction: bool,
) -> Result<Option<String>, Bad> {
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
            _ => Ok(None),
        };
    };
    // What stands in the way is told, and not the frame around it.
    if let Some((Kind::Other(words), range)) =
        reading.iter().find(|(kind, _)| matches!(kind, Kind::Other(_)))
    {
        return Err((range.start, Problem::Transaction(words.clone())));
    }
    match &reading[..] {
        [] => Ok(None),
        [(Kind::Opens, first), (Kind::Commits, _)]
            if !in_transaction && possible.contains(&Dialect::Postgresql) =>
        {
            Err((first.start, Problem::OwnTransaction(text[first.clone()].to_owned())))
        }
        [(Kind::Opens, first), (Kind::Commits, last)] => {
            let mut text = text.to_owned();
            for range in [first, last] {
                text.replace_range(range.clone(), &blanks(&text[range.clone()]));
            }
            Ok(Some(text))
        }
        [(_, range), ..] => {
            let words = text[range.clone()].to_owned();
            Err((range.start, Problem::Transaction(words)))
        }
    }
}

/// What opens a transaction where the dialects read the rest differently. In bodies of procedures some see
/// statements about transactions where there are none, but hardly a frame, and not all of them do.
fn certain_begin(readings: &[Reading]) -> Option<Range<usize>> {
    let opens = |reading: &&Reading| matches!(reading[..], [(Kind::Opens, _), ..]);
    let frames = |reading: &&Reading| matches!(reading[..], [(Kind::Opens, _), (Kind::Commits, _)]);
    let by_all = readings.iter().all(|reading| opens(&reading));
    let found = readings.iter().find(|reading| by_all || frames(reading))?;
    found.first().map(|(_, range)| range.clone())
}

/// As many bytes, and as many lines.
fn blanks(text: &str) -> String {
    text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { byte.into() } else { ' ' }).collect()
}

/// The statements about transactions, if the text can be read at all.
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

fn kind(statement: &Statement<'_>) -> Option<Kind> {
    let words: Vec<_> = statement.words().collect();
    let words: Vec<_> = words.iter().map(|word| &**word).collect();
    let is_mysql = matches!(statement.dialect(), Dialect::Mysql | Dialect::Mariadb);
    let plain = words.len() == statement.tokens().len();
    Some(match words[..] {
        ["BEGIN"]
        | ["START" | "BEGIN", "TRANSACTION"]
        | ["BEGIN", "WORK" | "IMMEDIATE" | "DEFERRED" | "EXCLUSIVE"]
        | ["BEGIN", "IMMEDIATE" | "DEFERRED" | "EXCLUSIVE", "TRANSACTION"]
            if plain =>
        {
            Kind::Opens
        }
        ["END", ..] if is_mysql => return None,
        ["COMMIT" | "END"] | ["COMMIT" | "END", "TRANSACTION" | "WORK"] if plain => Kind::Commits,
        [verb @ ("BEGIN" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE"), ..]
        | [verb @ "START", "TRANSACTION", ..] => Kind::Other(verb.to_owned()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let text = "BEGIN; CREATE FUNCTION f() RETURNS int AS $$ BEGIN RETURN 1; END $$ LANGUAGE plpgsql; END;";
        let unframed =
            unframed(text, &BTreeSet::from([Dialect::Postgresql]), true).unwrap().unwrap();
        assert_eq!(unframed.trim_matches([' ', ';']), &text[7..text.len() - 6]);
    }

    #[test]
    fn refused() {
        let table = [
            ("A; COMMIT;", 3, "COMMIT"),
            ("BEGIN; A;", 0, "BEGIN"),
            ("BEGIN; A; COMMIT; BEGIN; B; COMMIT;", 0, "BEGIN"),
            ("A;\nSAVEPOINT x;", 3, "SAVEPOINT"),
            ("BEGIN; A; ROLLBACK;", 10, "ROLLBACK"),
            ("BEGIN;\nA;\nSAVEPOINT a;\nRELEASE a;\nCOMMIT;\n", 10, "SAVEPOINT"),
            ("BEGIN ISOLATION LEVEL SERIALIZABLE; A; COMMIT;", 0, "BEGIN"),
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
        let problem = Problem::OwnTransaction("begin".to_owned());
        for dialects in [&[][..], &[Postgresql], &[Postgresql, Sqlite]] {
            let dialects = dialects.iter().copied().collect();
            let seen = unframed(text, &dialects, false);
            assert_eq!(seen, Err((3, problem.clone())), "{dialects:?}");
        }
        for dialect in [Sqlite, Mariadb] {
            let seen = unframed(text, &BTreeSet::from([dialect]), false).unwrap();
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
