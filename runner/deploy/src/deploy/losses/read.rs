//! What the SQL of a rollback says that it drops, deletes or changes; of code, the tables that it names.

use super::{Found, Tables, bare, occurs};
use crate::{
    alteration::{AlterationId, Dialect},
    deploy::components::Components,
    event::Certainty,
    pack::SqlHook,
    plan::Plan,
    sql::{Statement, Token, TokenKind, statement_length},
};

/// Reads the SQL that each step would run.
pub(super) fn read(
    plan: &Plan,
    components: &Components,
    tables: &Tables,
    dialect: Dialect,
    found: &mut Found,
) {
    for step in &plan.steps {
        let Some((_, ready)) = components.get(&step.key) else { continue };
        match ready.sql() {
            Some(source) => {
                for hook in [SqlHook::BeforeDown, SqlHook::Down] {
                    let sql = source.text(&step.key.id, hook, dialect);
                    read_sql(sql, &step.key.id, tables, dialect, found);
                }
            }
            None => {
                for name in tables.keys().filter(|name| occurs(bare(name), &ready.bytes)) {
                    found.table(name, Certainty::Perhaps);
                }
                found.unsure.get_or_insert_with(|| {
                    format!("{} is code, whose effects are known only when it runs", step.key)
                });
            }
        }
    }
}

pub(super) fn read_sql(
    text: &str,
    id: &AlterationId,
    tables: &Tables,
    dialect: Dialect,
    found: &mut Found,
) {
    let mut start = 0;
    while let Some(rest) = text.get(start..) {
        let Ok(length) = statement_length(rest, dialect) else {
            found
                .unsure
                .get_or_insert_with(|| format!("the SQL of {id} cannot be read to its end"));
            return;
        };
        let Some(length) = length else { return };
        if let Ok(statement) = Statement::one(&rest[..length], dialect) {
            read_statement(&statement, tables, found);
        }
        start += length;
    }
}

fn read_statement(statement: &Statement<'_>, tables: &Tables, found: &mut Found) {
    let named = |token: &Token| {
        let text = token.text(statement.text());
        let name = match token.kind {
            TokenKind::Word => text,
            TokenKind::QuotedName => text.get(1..text.len().saturating_sub(1)).unwrap_or_default(),
            _ => return None,
        };
        tables.keys().find(|table| bare(table).eq_ignore_ascii_case(name))
    };
    let is_word = |token: &Token, word: &str| {
        token.kind == TokenKind::Word && token.text(statement.text()).eq_ignore_ascii_case(word)
    };
    let tokens = statement.tokens();
    let names: Vec<&String> = tokens.iter().filter_map(named).collect();
    let drops = statement.starts_with(&["DROP", "TABLE"])
        || statement.starts_with(&["DROP", "TEMPORARY", "TABLE"]);
    if drops {
        names.into_iter().for_each(|name| found.table(name, Certainty::Read));
        return;
    }
    if statement.starts_with(&["CREATE", "OR", "REPLACE", "TABLE"]) {
        names.into_iter().take(1).for_each(|name| found.table(name, Certainty::Read));
        return;
    }
    if statement.starts_with(&["ALTER", "TABLE"]) {
        let Some(table) = names.first() else { return };
        // Another type may round or cut values; a partition may go.
        let changes = ["TYPE", "MODIFY", "CHANGE", "TRUNCATE", "EXCHANGE", "DETACH"];
        if tokens.iter().any(|token| changes.into_iter().any(|word| is_word(token, word))) {
            found.rows.insert((*table).clone());
        }
        let drops = tokens.iter().enumerate().filter(|(_, token)| is_word(token, "DROP"));
        for (at, _) in drops {
            let what = tokens.get(at + 1);
            let is = |word: &str| what.is_some_and(|token| is_word(token, word));
            if ["CONSTRAINT", "INDEX", "KEY", "PRIMARY", "FOREIGN", "CHECK", "DEFAULT"]
                .into_iter()
                .any(is)
            {
                continue;
            }
            if is("PARTITION") {
                found.rows.insert((*table).clone());
                continue;
            }
            let skips = ["COLUMN", "IF", "EXISTS"];
            let name = tokens[at + 1..]
                .iter()
                .find(|token| !skips.into_iter().any(|skip| is_word(token, skip)));
            let text = name.map(|token| token.text(statement.text()).trim_matches(['`', '"']));
            let columns =
                tables.get(*table).map(|rows| rows.columns.as_slice()).unwrap_or_default();
            let known = columns
                .iter()
                .find(|column| text.is_some_and(|text| column.eq_ignore_ascii_case(text)));
            if let Some(column) = known {
                found.columns.entry(((*table).clone(), column.clone())).or_insert(Certainty::Read);
            }
        }
        return;
    }
    let verb = statement.verb();
    let is_changing_insert = verb == "INSERT"
        && tokens.iter().any(|token| is_word(token, "UPDATE") || is_word(token, "REPLACE"));
    if is_changing_insert {
        found.rows.extend(names.first().map(|name| (*name).clone()));
    }
    let is_of_index = statement.starts_with(&["DROP", "INDEX"])
        || statement.starts_with(&["DROP", "TRIGGER"])
        || statement.starts_with(&["DROP", "VIEW"]);
    if !KEEPS.contains(&verb.as_str()) && !is_of_index {
        // Also those in the body of a DO block.
        let mentioned = statement.names();
        let is_mentioned =
            |table: &&String| mentioned.iter().any(|name| name.eq_ignore_ascii_case(bare(table)));
        found.rows.extend(tables.keys().filter(is_mentioned).cloned());
    }
}

/// Verbs that leave rows as they are.
const KEEPS: [&str; 11] = [
    "CREATE", "INSERT", "SELECT", "SET", "COMMENT", "GRANT", "REVOKE", "ANALYZE", "PRAGMA",
    "REINDEX", "VACUUM",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::RowSource;

    /// Returns what is read of `sql` on MariaDB, where there are tables `a`, `b` and `ab`, each with columns `x` and `y`.
    fn read_of(sql: &str) -> Vec<String> {
        let rows = || RowSource::of_columns(&["x", "y"]);
        let tables: Tables =
            ["a", "b", "ab"].into_iter().map(|name| (name.to_owned(), rows())).collect();
        let mut found = Found::default();
        read_sql(sql, &"1-x".parse().expect("an id"), &tables, Dialect::Mariadb, &mut found);
        let tables = found.tables.iter().map(|(name, how)| format!("{name} {how:?}"));
        let rows = found.rows.iter().map(|name| format!("rows of {name}"));
        let columns =
            found.columns.iter().map(|((table, column), how)| format!("{table}.{column} {how:?}"));
        tables
            .chain(columns)
            .chain(rows)
            .chain(found.unsure.iter().map(|_| "unsure".to_owned()))
            .collect()
    }

    #[test]
    fn what_sql_drops() {
        let table: &[(&str, &[&str])] = &[
            ("DROP TABLE a", &["a Read"]),
            ("drop table if exists `a`, shop.b cascade;", &["a Read", "b Read"]),
            ("DROP /* b */ TABLE A; -- DROP TABLE b", &["a Read"]),
            ("DROP TEMPORARY TABLE ab", &["ab Read"]),
            ("DROP TABLE c", &[]),
            ("ALTER TABLE a DROP COLUMN x, DROP `y`", &["a.x Read", "a.y Read"]),
            (
                "ALTER TABLE a DROP COLUMN IF EXISTS x, DROP INDEX y, DROP PRIMARY KEY",
                &["a.x Read"],
            ),
            ("ALTER TABLE a DROP PARTITION p1", &["rows of a"]),
            ("ALTER TABLE a ADD COLUMN z INT", &[]),
            ("ALTER TABLE a MODIFY x INT", &["rows of a"]),
            ("CREATE OR REPLACE TABLE a LIKE b", &["a Read"]),
            ("DELETE FROM a WHERE x = 'b'", &["rows of a"]),
            ("TRUNCATE b; DROP TABLE b", &["b Read", "rows of b"]),
            (
                "UPDATE a SET x = 1; INSERT INTO b SELECT * FROM ab; DROP INDEX i ON b",
                &["rows of a"],
            ),
            ("INSERT INTO a SELECT * FROM b ON DUPLICATE KEY UPDATE x = 1", &["rows of a"]),
            ("REPLACE INTO a VALUES (1, 2)", &["rows of a"]),
            ("WITH old AS (SELECT 1) DELETE FROM ab", &["rows of ab"]),
            ("SELECT 'DROP TABLE a'", &[]),
            ("DROP TABLE a; SELECT 'never closed", &["a Read", "unsure"]),
        ];
        for (sql, expected) in table {
            assert_eq!(read_of(sql), *expected, "{sql}");
        }
    }
}
