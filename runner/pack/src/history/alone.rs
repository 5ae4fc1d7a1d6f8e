//! SQL of a tool that opens no transaction, and that needs it: a statement of it would fail, or mean something else,
//! in a transaction together with the others. All other SQL has the same outcome in one.

use super::{
    Context, Layout, Section,
    error::{HistoryError, Problem},
    hook,
    statements::each_statement,
    together,
    units::{self, Sent},
};
use crate::{
    alteration::Dialect,
    sql::{added_label, may_end_transactions},
};

/// Moves SQL out of the transaction if it cannot be in one.
pub(super) fn stand_alone(
    section: &mut Section,
    layout: Layout,
    context: &Context<'_>,
) -> Result<(), HistoryError> {
    section.leave_transaction(context)?;
    let sent = units::sent(layout);
    if context.is_for_postgresql()
        && (needs_commits(&section.text, sent) || is_multiple(&section.text, layout))
    {
        section.hook = hook(section.hook.is_way_back(), false);
    }
    Ok(())
}

/// Returns whether on PostgreSQL a message ends transactions, or adds a value of an enum that one behind it may use.
/// What cannot be read is told by whoever looks for that.
fn needs_commits(text: &str, sent: Sent) -> bool {
    struct Sentence {
        end: usize,
        adds: bool,
        may_end: bool,
    }
    let mut sentences = Vec::new();
    let read = each_statement(text, Dialect::Postgresql, |start, statement| {
        let end = start + statement.tokens().last().map_or(0, |token| token.range().end);
        let adds = added_label(statement).is_some();
        sentences.push(Sentence { end, adds, may_end: may_end_transactions(statement) });
        Ok(())
    });
    let mut added = false;
    let messages = units::messages(text, &sentences, sent, |sentence| sentence.end);
    let needs = messages.into_iter().any(|message| {
        let needs = added && message.iter().any(|sentence| !sentence.adds)
            || matches!(message, [one] if one.may_end);
        added |= message.iter().any(|sentence| sentence.adds);
        needs
    });
    read.is_ok() && needs
}

/// Returns whether the file can only have run with golang-migrate's `x-multi-statement`, for what is used too early in
/// a message.
fn is_multiple(text: &str, layout: Layout) -> bool {
    let refused = || together::refused(text, layout, units::sent(layout), false);
    layout == Layout::GolangMigrate && matches!(refused(), Err((_, Problem::UsedTooEarly { .. })))
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
            assert_eq!(needs_commits(text, Sent::Statements), expected, "{text}");
        }
        let table = [
            ("CALL p();", true),
            ("DO $$ BEGIN UPDATE a SET b = 1; COMMIT; END $$", true),
            ("SELECT 1; CALL p();", false),
            ("ALTER TYPE t ADD VALUE 'x'; UPDATE a SET b = 'x'", false),
            ("SELECT 1;\n;\nCALL p();", true),
            ("ALTER TYPE t ADD VALUE 'x'\n;\nUPDATE a SET b = 'x'", true),
        ];
        for (text, expected) in table {
            assert_eq!(needs_commits(text, Sent::Sections), expected, "{text}");
        }
        assert!(!needs_commits("SELECT 1;\n;\nCALL p();", Sent::Whole));
    }
}
