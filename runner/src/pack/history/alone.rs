//! SQL that its tool sends statement by statement, and that needs it: a statement of it would fail, or mean
//! something else, in a transaction together with the others. All other SQL has the same outcome in one.

use super::{Context, Section, error::HistoryError, hook, statements::each_statement};
use crate::{alteration::Dialect, sql::Statement};

/// Moves SQL out of the transaction if it cannot be in one.
pub(super) fn stand_alone(
    section: &mut Section,
    context: &Context<'_>,
) -> Result<(), HistoryError> {
    section.leave_transaction(context)?;
    let is_possible =
        context.dialects.is_empty() || context.dialects.contains(&Dialect::Postgresql);
    if is_possible && needs_commits(&section.text) {
        section.hook = hook(section.hook.is_way_back(), false);
    }
    Ok(())
}

/// Whether on PostgreSQL a statement ends transactions, or adds a value of an enum that one behind it may use.
/// What cannot be read is told by whoever looks for that.
fn needs_commits(text: &str) -> bool {
    let (mut needs, mut added) = (false, false);
    let read = each_statement(text, Dialect::Postgresql, |_, statement| {
        let adds = adds_value(statement);
        needs |= added && !adds || calls(statement);
        added |= adds;
        Ok(())
    });
    read.is_ok() && needs
}

fn adds_value(statement: &Statement<'_>) -> bool {
    let words: Vec<_> = statement.words().collect();
    let words: Vec<_> = words.iter().map(|word| &**word).collect();
    words.starts_with(&["ALTER", "TYPE"]) && words.windows(2).any(|pair| pair == ["ADD", "VALUE"])
}

/// `CALL`, or a `DO` whose body speaks of transactions.
fn calls(statement: &Statement<'_>) -> bool {
    match statement.words().next().as_deref() {
        Some("CALL") => true,
        Some("DO") => {
            let text = statement.text().to_ascii_uppercase();
            let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            words.any(|word| matches!(word, "COMMIT" | "ROLLBACK"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_commits() {
        let table = [
            ("ALTER TYPE t ADD VALUE 'x'; UPDATE a SET b = 'x'", true),
            ("alter type s.t add value if not exists 'x' after 'y'; SELECT 1", true),
            ("SELECT 1; ALTER TYPE t ADD VALUE 'x'; ALTER TYPE t ADD VALUE 'y';", false),
            ("ALTER TYPE t RENAME VALUE 'x' TO 'y'; SELECT 1", false),
            ("CALL p()", true),
            ("DO $$ BEGIN UPDATE a SET b = 1; COMMIT; END $$", true),
            ("DO $$ BEGIN UPDATE a SET committed = 1; END $$", false),
            ("SELECT 'CALL p()'", false),
            ("SELECT 'x", false),
        ];
        for (text, expected) in table {
            assert_eq!(needs_commits(text), expected, "{text}");
        }
    }
}
