//! What runs, and could not be repeated by a hook that is resumed in another session: it hangs on its own session, or
//! nobody can tell afterwards whether it took effect.
//!
//! From the first such statement on, a journaled hook goes on in a session of its own. Says nothing about what is refused.

use super::{
    refusal::is_user_variable_assigned,
    standing::{Assignment, assignments, given_back, system_variable},
    statement::Statement,
    token::TokenKind,
    view::View,
};
use crate::alteration::Dialect;

/// Beginnings of statements, longer ones before shorter ones, and why a resumed hook could not repeat them.
const BEGINNINGS: [(&[&str], &str); 20] = [
    (&["CALL"], "CALL may commit"),
    (&["PREPARE"], PREPARED),
    (&["EXECUTE"], "EXECUTE could be any statement"),
    (&["DEALLOCATE"], PREPARED),
    (&["DROP", "PREPARE"], PREPARED),
    (&["DROP", "TEMPORARY"], TEMPORARY),
    (&["LOCK", "TABLES"], LOCKS),
    (&["LOCK", "TABLE"], LOCKS),
    (&["UNLOCK", "TABLES"], LOCKS),
    (&["UNLOCK", "TABLE"], LOCKS),
    (&["FLUSH"], "FLUSH leaves nothing to be seen"),
    (&["HANDLER"], "a HANDLER is of its session alone"),
    (&["BEGIN", "NOT", "ATOMIC"], BLOCK),
    (&["IF"], BLOCK),
    (&["CASE"], BLOCK),
    (&["LOOP"], BLOCK),
    (&["WHILE"], BLOCK),
    (&["REPEAT"], BLOCK),
    (&["FOR"], BLOCK),
    (&["SET", "STATEMENT"], ""),
];
const PREPARED: &str = "a prepared statement is of its session alone";
const TEMPORARY: &str = "a temporary table is of its session alone";
const LOCKS: &str = "locks of tables are of their session alone";
const BLOCK: &str = "a block may commit";
const VARIABLE: &str = "a user variable is of its session alone";

/// Functions that tell of what the session did before, and whether that is the statement right before.
const OF_BEFORE: [(&str, bool); 4] =
    [("LAST_INSERT_ID", false), ("LASTVAL", false), ("ROW_COUNT", true), ("FOUND_ROWS", true)];

/// Settings that the session itself moves.
const MOVING: [&str; 14] = [
    "error_count",
    "found_rows",
    "identity",
    "in_transaction",
    "insert_id",
    "last_gtid",
    "last_insert_id",
    "pseudo_thread_id",
    "rand_seed1",
    "rand_seed2",
    "statement_id",
    "timestamp",
    "warning_count",
    "gtid_executed",
];

/// Functions that change nothing: a statement that sets variables by these leaves nothing behind.
const HARMLESS: [&str; 44] = [
    "ABS",
    "AND",
    "ANY",
    "AS",
    "AVG",
    "BY",
    "CASE",
    "CAST",
    "CEIL",
    "CHAR_LENGTH",
    "COALESCE",
    "CONCAT",
    "CONCAT_WS",
    "CONVERT",
    "COUNT",
    "CURDATE",
    "DATABASE",
    "DATE",
    "ELSE",
    "EXISTS",
    "FLOOR",
    "FOUND_ROWS",
    "FROM",
    "GROUP_CONCAT",
    "IF",
    "IFNULL",
    "IN",
    "LAST_INSERT_ID",
    "LENGTH",
    "LOWER",
    "MAX",
    "MIN",
    "NOT",
    "NOW",
    "NULLIF",
    "ON",
    "OR",
    "REPLACE",
    "ROUND",
    "ROW_COUNT",
    "SCHEMA",
    "SUM",
    "THEN",
    "UPPER",
];

/// Returns why a resumed hook could not repeat `statement`; `None` where it can, or where the database has no such
/// statements.
pub fn resumability(statement: &Statement<'_>) -> Option<String> {
    let view = statement.view();
    if !view.is_mysql() {
        return None;
    }
    of_view(view)
}

fn of_view(view: View<'_>) -> Option<String> {
    if let Some((words, why)) = BEGINNINGS.iter().find(|(words, _)| view.starts_with(words)) {
        if *words == ["SET", "STATEMENT"] {
            let inner = view.find(2, "FOR").map(|at| view.from(at + 1));
            return inner.and_then(of_view);
        }
        return Some((*why).to_owned());
    }
    if stores_code(view) {
        return None;
    }
    if is_temporary(view) {
        return Some(TEMPORARY.to_owned());
    }
    if let Some((function, _)) = OF_BEFORE.iter().find(|(function, _)| calls(view, function)) {
        return Some(format!("{function}() is of its session alone"));
    }
    if view.is(0, "SET") {
        return setting(view);
    }
    (is_user_variable_assigned(view) || reads_user_variable(view)).then(|| VARIABLE.to_owned())
}

/// Returns whether a user variable stands in it: a trigger or a routine may have changed it since it was set.
fn reads_user_variable(view: View<'_>) -> bool {
    (0..view.tokens.len()).any(|at| {
        view.is_symbol(at, b'@')
            && !view.is_symbol(at + 1, b'@')
            && !(at > 0 && view.is_symbol(at - 1, b'@'))
            && is_of_expression(view, at)
    })
}

/// The `@` of an account (`'a'@'b'`) stands right behind its name; queries and changes of data name none.
fn is_of_expression(view: View<'_>, at: usize) -> bool {
    const OF_ROWS: [&str; 8] =
        ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "DO", "VALUES"];
    if view.is_any(0, &OF_ROWS) {
        return true;
    }
    let Some(before) = at.checked_sub(1).and_then(|before| view.tokens.get(before)) else {
        return true;
    };
    let is_name = matches!(
        before.kind,
        TokenKind::Word | TokenKind::QuotedName | TokenKind::Literal | TokenKind::EscapedLiteral
    );
    !is_name || before.range().end != view.tokens[at].range().start
}

/// Returns whether a statement reports on the one right before it: then that has to run in the same session.
pub fn is_about_the_one_before(statement: &Statement<'_>) -> bool {
    let view = statement.view();
    view.is_mysql()
        && !stores_code(view)
        && OF_BEFORE.iter().any(|(function, before)| *before && calls(view, function))
}

/// Returns whether a statement of a session of its own leaves nothing behind but in that session.
pub fn leaves_nothing(statement: &Statement<'_>) -> bool {
    let view = statement.view();
    let is_of_session = view.is_any(0, &["SET", "PREPARE", "DEALLOCATE", "SHOW", "USE"])
        || view.starts_with(&["DROP", "PREPARE"])
        || view.is(0, "SELECT")
        || view.starts_with(&["DROP", "TEMPORARY"])
        || is_temporary(view);
    let is_global = view.is(0, "SET")
        && (1..view.tokens.len()).any(|at| {
            view.is_any(
                at,
                &["GLOBAL", "PERSIST", "PERSIST_ONLY", "PASSWORD", "STATEMENT", "DEFAULT"],
            )
        });
    // The columns of a table are no functions.
    let from = if view.is_any(0, &["CREATE", "DROP", "PREPARE"]) { None } else { Some(0) };
    let is_harmless = |at: usize| {
        !view.is_symbol(at + 1, b'(')
            || view.tokens[at].kind != TokenKind::Word
                && view.tokens[at].kind != TokenKind::QuotedName
            || HARMLESS.iter().any(|function| view.is(at, function))
    };
    let selects = (0..view.tokens.len()).any(|at| view.is(at, "SELECT"));
    let all = match from {
        Some(from) => (from..view.tokens.len()).all(is_harmless),
        None => !selects || (0..view.tokens.len()).all(is_harmless),
    };
    is_of_session
        && !is_global
        && all
        && !view.has(&["INTO", "OUTFILE"])
        && !view.has(&["INTO", "DUMPFILE"])
}

/// Returns whether a statement makes a temporary table, or another thing that only its session has.
fn is_temporary(view: View<'_>) -> bool {
    view.starts_with(&["CREATE", "TEMPORARY"])
        || view.starts_with(&["CREATE", "OR", "REPLACE", "TEMPORARY"])
}

/// Returns whether the statement stores code, which runs later if at all.
fn stores_code(view: View<'_>) -> bool {
    const CODE: [&str; 5] = ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"];
    let before_name = |at: &usize| {
        *at == 0
            || !view.is_symbol(at - 1, b'@')
                && !view.is_symbol(at - 1, b'=')
                && !view.is_symbol(at - 1, b'.')
    };
    view.is_any(0, &["CREATE", "ALTER"])
        && (1..view.tokens.len())
            .take_while(|at| !view.is_any(*at, &["TABLE", "VIEW", "INDEX", "DATABASE", "SCHEMA"]))
            .filter(before_name)
            .any(|at| view.is_any(at, &CODE))
}

fn calls(view: View<'_>, function: &str) -> bool {
    (0..view.tokens.len()).any(|at| {
        let is_named = view.name(at).is_some_and(|name| name.eq_ignore_ascii_case(function));
        is_named
            && (view.is_symbol(at + 1, b'(')
                || at > 1 && view.is_symbol(at - 1, b'@') && view.is_symbol(at - 2, b'@'))
    }) || function == "LAST_INSERT_ID"
        && (0..view.tokens.len()).any(|at| {
            system_variable(view.from(at))
                .is_some_and(|(name, _)| view.from(at).is(name, "IDENTITY"))
        })
}

/// SET: what is set again in every session is no reason.
fn setting(view: View<'_>) -> Option<String> {
    let rest = view.from(1);
    // Without a scope it is about the next transaction, which is a unit of the script.
    if rest.is(1, "TRANSACTION") {
        return Some("SET TRANSACTION is of its session alone".to_owned());
    }
    if rest.is_any(0, &["ROLE"]) || rest.starts_with(&["DEFAULT", "ROLE"]) {
        return Some("SET ROLE is of its session alone".to_owned());
    }
    for assignment in assignments(rest) {
        let Assignment { value, .. } = assignment;
        if assignment.user_variable().is_some() {
            if !is_constant(value) || reads_user_variable(value) {
                return Some(VARIABLE.to_owned());
            }
        } else if let Some(name) = assignment.setting()
            && !super::refusal::is_set_again(&name)
        {
            return Some(format!("{name} is of its session alone"));
        }
        // A saved value that is given back.
        let is_saved = given_back(value).is_some();
        if is_user_variable_assigned(value) || !is_saved && reads_user_variable(value) {
            return Some(VARIABLE.to_owned());
        }
    }
    None
}

/// Returns whether an expression is the same in another session that was set up alike: literals, variables, and what
/// the four operations make of them.
fn is_constant(value: View<'_>) -> bool {
    let mut at = 0;
    while let Some(token) = value.tokens.get(at) {
        let rest = value.from(at);
        if let Some((name, _)) = system_variable(rest) {
            let moves = rest
                .name(name)
                .is_none_or(|name| MOVING.iter().any(|moving| name.eq_ignore_ascii_case(moving)));
            if moves {
                return false;
            }
            at += name + 1;
            continue;
        }
        let is_fine = match token.kind {
            TokenKind::Number | TokenKind::Literal | TokenKind::EscapedLiteral => true,
            TokenKind::Symbol(symbol) => {
                matches!(symbol, b'+' | b'-' | b'*' | b'/' | b'.' | b'(' | b')' | b'@')
            }
            TokenKind::Word => {
                value.is_any(at, &["NULL", "TRUE", "FALSE", "ON", "OFF", "DEFAULT"])
                    || value.text_at(at).starts_with('_')
                    || at > 0 && value.is_symbol(at - 1, b'@')
            }
            TokenKind::QuotedName => at > 0 && value.is_symbol(at - 1, b'@'),
            TokenKind::Body | TokenKind::Parameter => false,
        };
        if !is_fine || value.is_symbol(at + 1, b'(') && token.kind == TokenKind::Word {
            return false;
        }
        at += 1;
    }
    true
}

/// Returns whether the dialect has statements that cannot be resumed.
pub(super) fn is_of(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Mysql | Dialect::Mariadb)
}
