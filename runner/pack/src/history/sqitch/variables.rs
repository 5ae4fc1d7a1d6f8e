//! psql's variables, and the commands of the clients by which Sqitch runs its scripts. Pure.

use crate::{
    alteration::Dialect,
    history::{
        Context,
        error::Problem,
        statements::{Bad, each_statement},
    },
    sql::TokenKind,
};
use std::collections::BTreeMap;

/// `:name`, `:'name'` and `:"name"` by their values. A bare one without a value is left alone, as by psql; in quotes,
/// it could be nothing else. Values given on the command line count more than those of sqitch.conf.
pub(super) fn replace(
    text: &str,
    variables: &BTreeMap<String, String>,
    context: &Context<'_>,
) -> Result<String, Bad> {
    let mut found = Vec::new();
    let read = each_statement(text, Dialect::Postgresql, |start, statement| {
        let tokens = statement.tokens();
        for (at, pair) in tokens.windows(2).enumerate() {
            let [colon, name] = pair else { continue };
            let is_cast = at > 0
                && tokens[at - 1].kind == TokenKind::Symbol(b':')
                && tokens[at - 1].range().end == colon.range().start;
            if colon.kind == TokenKind::Symbol(b':')
                && !is_cast
                && colon.range().end == name.range().start
            {
                let written = name.text(statement.text());
                let range = start + colon.range().start..start + name.range().end;
                found.push((range, name.kind, written.to_owned()));
            }
        }
        Ok(())
    });
    // What PostgreSQL cannot read is another database's, or told elsewhere.
    if read.is_err() {
        return Ok(text.to_owned());
    }
    let mut replaced = text.to_owned();
    for (range, kind, written) in found.into_iter().rev() {
        let name = match kind {
            TokenKind::Word => written.as_str(),
            TokenKind::Literal | TokenKind::QuotedName => {
                written.get(1..written.len() - 1).unwrap_or_default()
            }
            _ => continue,
        };
        let value = context.placeholders.get(name).or_else(|| variables.get(name));
        let value = match (value, kind) {
            (Some(value), TokenKind::Word) => value.clone(),
            (Some(value), TokenKind::Literal) => format!("'{}'", value.replace('\'', "''")),
            (Some(value), _) => format!("\"{}\"", value.replace('"', "\"\"")),
            (None, TokenKind::Word) => continue,
            (None, _) => {
                let elsewhere = ", or in sqitch.conf under [deploy \"variables\"]";
                let (text, name) = (text[range.clone()].to_owned(), name.to_owned());
                return Err((range.start, Problem::NoValue { text, name, elsewhere }));
            }
        };
        replaced.replace_range(range, &value);
    }
    Ok(replaced)
}

/// Refuses what `sqlite3` and `mariadb` take for commands of their own. Those of psql no dialect can read.
pub(super) fn refuse_commands(text: &str, dialect: Dialect) -> Result<(), Bad> {
    each_statement(text, dialect, |start, statement| {
        let tokens = statement.tokens();
        let at = start + tokens.first().map_or(0, |token| token.range().start);
        let is_command = match dialect {
            Dialect::Sqlite => tokens.first().is_some_and(|t| t.kind == TokenKind::Symbol(b'.')),
            Dialect::Mysql | Dialect::Mariadb => statement.verb() == "SOURCE",
            Dialect::Postgresql => false,
        };
        match is_command {
            true => {
                let line = text[at..].lines().next().unwrap_or_default();
                Err((at, Problem::ClientCommand(line.to_owned())))
            }
            false => Ok(()),
        }
    })
}
