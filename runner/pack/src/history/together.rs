//! What PostgreSQL refuses for the transaction that it is in: code that ends transactions, and the use of a label of a
//! type before that label is committed. The tool itself fails there, and so would a deploy.
//!
//! Only what the text shows: a label counts as used where it stands as a literal, and not where its type is made in the
//! same transaction, which newer servers take. Pure.

use super::{
    Layout,
    error::Problem,
    statements::{Bad, each_statement},
    transactions::{Kind, kind},
    units::{self, Sent},
};
use crate::{
    alteration::Dialect,
    sql::{Label, added_label, ends_transactions, made_enum, used_labels},
};
use std::ops::Range;

/// One statement of a text.
struct Sentence {
    kind: Option<Kind>,
    tokens: Range<usize>,
    ends: bool,
    adds: Option<Label>,
    makes: Option<String>,
    uses: Vec<Label>,
}

/// Refuses what the tool of `layout` could not run. `opens`: it opens a transaction before the text. What cannot be
/// read as PostgreSQL's is for another database.
pub(super) fn refused(text: &str, layout: Layout, sent: Sent, opens: bool) -> Result<(), Bad> {
    let Some(sentences) = sentences(text) else { return Ok(()) };
    // Whether the tool's transaction is open, or one of the file's own.
    let (mut in_tools, mut in_own) = (opens, false);
    let (mut added, mut made) = (Vec::new(), Vec::new());
    for message in units::messages(text, &sentences, sent, |sentence| sentence.tokens.end) {
        let is_several = message.len() > 1;
        for sentence in message {
            let at = sentence.tokens.start;
            match sentence.kind {
                Some(Kind::Opens | Kind::OpensAt) => in_own = true,
                Some(Kind::Commits) => {
                    (in_tools, in_own) = (false, false);
                    added.clear();
                    made.clear();
                }
                Some(Kind::Level | Kind::Other(_)) => {}
                None => {
                    let what = "DO with COMMIT or ROLLBACK".to_owned();
                    if sentence.ends && in_own {
                        return Err((at, Problem::InOwnTransaction { what }));
                    }
                    if sentence.ends && is_several {
                        return Err((at, Problem::SentTogether { what, layout }));
                    }
                    if sentence.ends && in_tools {
                        let how = units::way_out(layout);
                        return Err((at, Problem::NeedsOutside { what, layout, how }));
                    }
                    if let Some(Label { of, label }) =
                        sentence.uses.iter().find(|label| added.contains(label)).cloned()
                    {
                        let how = match in_own {
                            true => "write COMMIT before it",
                            false => way_apart(layout, in_tools && !is_several),
                        };
                        return Err((at, Problem::UsedTooEarly { label, of, how }));
                    }
                    added.extend(sentence.adds.as_ref().filter(|new| !made.contains(&&new.of)));
                    made.extend(&sentence.makes);
                }
            }
        }
        if !in_tools && !in_own {
            added.clear();
            made.clear();
        }
    }
    Ok(())
}

/// Returns how one statement gets out of the transaction that the tool has for several. `by_mark`: it sends them one by
/// one.
fn way_apart(layout: Layout, by_mark: bool) -> &'static str {
    match layout {
        Layout::Flyway
        | Layout::SqlMigrate
        | Layout::Atlas
        | Layout::Liquibase
        | Layout::Tern
        | Layout::Goose
            if by_mark =>
        {
            units::way_out(layout)
        }
        Layout::Runner => "move what adds it into `<id>.before-up.sql`",
        _ => layout.to_send_alone(),
    }
}

/// Returns what the text holds; `None` where nothing of it can be refused here.
fn sentences(text: &str) -> Option<Vec<Sentence>> {
    let (mut labels, mut is_any) = (Vec::new(), false);
    each_statement(text, Dialect::Postgresql, |_, statement| {
        labels.extend(added_label(statement));
        is_any |= ends_transactions(statement);
        Ok(())
    })
    .ok()?;
    if labels.is_empty() && !is_any {
        return None;
    }
    let mut sentences = Vec::new();
    each_statement(text, Dialect::Postgresql, |start, statement| {
        sentences.push(Sentence {
            kind: kind(statement),
            tokens: units::tokens(start, statement),
            ends: ends_transactions(statement),
            adds: added_label(statement),
            makes: made_enum(statement),
            uses: used_labels(statement, &labels),
        });
        Ok(())
    })
    .ok()?;
    Some(sentences)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Layout::{Goose, NodePgMigrate, Postgrator, Sqlx};

    const ADD: &str = "ALTER TYPE t ADD VALUE 'x';\n";
    const USE: &str = "UPDATE a SET b = 'x';\n";
    const BLOCK: &str = "DO $$ BEGIN DELETE FROM a; COMMIT; END $$;\n";

    #[test]
    fn what_is_refused() {
        let table = [
            (
                format!("{ADD}{USE}"),
                Sqlx,
                Sent::Whole,
                true,
                "`x` is used in the transaction that adds it to the type t, which PostgreSQL refuses: move it into a file of its own",
            ),
            (format!("{ADD}{USE}"), Sqlx, Sent::Whole, false, "move it into a file of its own"),
            (
                format!("{ADD}{USE}"),
                Postgrator,
                Sent::Whole,
                false,
                "move it into a file of its own",
            ),
            (format!("{ADD}{USE}"), NodePgMigrate, Sent::Whole, true, "move it into a file"),
            (format!("{ADD}{USE}"), Goose, Sent::Pieces, true, "write `-- +goose NO TRANSACTION`"),
            (
                format!("SELECT 1; BEGIN;\n{ADD}{USE}COMMIT;"),
                Postgrator,
                Sent::Whole,
                false,
                "write COMMIT",
            ),
            (
                format!("BEGIN;{ADD}{USE}COMMIT;"),
                Goose,
                Sent::Pieces,
                false,
                "write COMMIT before it",
            ),
            (format!("BEGIN; SELECT 1; COMMIT; {ADD}{USE}"), Sqlx, Sent::Whole, false, "move it"),
            (
                format!("{BLOCK}SELECT 1"),
                Sqlx,
                Sent::Whole,
                false,
                "DO with COMMIT or ROLLBACK cannot run in a message with other statements",
            ),
            (
                BLOCK.to_owned(),
                Sqlx,
                Sent::Whole,
                true,
                "sqlx opens one for this: begin the file with",
            ),
            (format!("BEGIN; {BLOCK} COMMIT;"), Sqlx, Sent::Statements, false, "behind COMMIT"),
        ];
        for (text, layout, sent, opens, expected) in table {
            let (_, problem) = refused(&text, layout, sent, opens).expect_err(&text);
            assert!(problem.to_string().contains(expected), "{text}: {problem}");
        }
        let (at, _) = refused(&format!("{ADD}{USE}"), Sqlx, Sent::Whole, true).unwrap_err();
        assert_eq!(at, ADD.len());
    }

    #[test]
    fn what_runs() {
        let table = [
            (format!("{ADD}{USE}"), Sent::Statements, false),
            (format!("{ADD}UPDATE a SET b = 'y';"), Sent::Whole, true),
            (format!("{ADD}ALTER TYPE t ADD VALUE 'y' AFTER 'x';"), Sent::Whole, true),
            (format!("{USE}{ADD}"), Sent::Whole, true),
            (format!("CREATE TYPE t AS ENUM ('a');{ADD}{USE}"), Sent::Whole, true),
            (format!("BEGIN;{ADD}COMMIT;{USE}"), Sent::Whole, false),
            (format!("{ADD}COMMIT;{USE}"), Sent::Whole, true),
            (BLOCK.to_owned(), Sent::Whole, false),
            (format!("{ADD}{BLOCK}{USE}"), Sent::Statements, false),
            (format!("{ADD}{USE} SELECT 'open"), Sent::Whole, true),
        ];
        for (text, sent, opens) in table {
            assert_eq!(refused(&text, Sqlx, sent, opens), Ok(()), "{text}");
        }
    }
}
