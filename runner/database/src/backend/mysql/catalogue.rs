//! Describes the objects that a statement names from the catalogue, as text to be compared later.
//!
//! `verdict.rs` decides what a difference means.

use super::{MysqlConnection, error, value::own_text};
use crate::{
    backend::{BackendError, connection::Cell, identifier::in_backticks as quote},
    session::Session as _,
    sql::Statement,
};
use std::collections::{BTreeMap, BTreeSet};

/// The text that describes each object, by its kind and name.
pub(super) type Things = BTreeMap<String, String>;

const NO_SUCH_TABLE: u16 = 1146;
/// Errors that mean that the object itself is gone. A view whose tables are gone can still be shown.
const GONE: [u16; 4] = [NO_SUCH_TABLE, 1305, 1360, 1539];

impl MysqlConnection {
    /// Returns everything that `sql` names and that exists, as JSON.
    pub(super) async fn catalogue_of(&mut self, sql: &str) -> Result<String, BackendError> {
        let Ok(statement) = Statement::one(sql, self.reading()) else {
            return Ok(String::new());
        };
        let names: BTreeSet<String> =
            statement.names().iter().map(|name| name.to_lowercase()).collect();
        let words: BTreeSet<String> = statement.words().map(|word| word.into_owned()).collect();
        drop(statement);
        // A plugin's user sees less than the operator's.
        match &mut self.relay {
            Some(relay) => relay.clerk().things_of(&names, &words).await,
            None => self.things_of(&names, &words).await,
        }
    }

    async fn things_of(
        &mut self,
        names: &BTreeSet<String>,
        words: &BTreeSet<String>,
    ) -> Result<String, BackendError> {
        let mut things = Things::new();
        for schema in self.schemas(names, &mut things).await? {
            self.tables(&schema, names, &mut things).await?;
            if words.contains("TRIGGER") || words.contains("RENAME") {
                self.shown("TRIGGER", "triggers", "trigger", &schema, names, &mut things).await?;
            }
            if words.contains("PROCEDURE") || words.contains("FUNCTION") {
                self.routines(&schema, names, &mut things).await?;
            }
            if words.contains("EVENT") {
                self.shown("EVENT", "events", "event", &schema, names, &mut things).await?;
            }
        }
        serde_json::to_string(&things).map_err(|error| BackendError::Database(error.to_string()))
    }

    /// Returns the current database and those that are named.
    async fn schemas(
        &mut self,
        names: &BTreeSet<String>,
        things: &mut Things,
    ) -> Result<Vec<String>, BackendError> {
        let rows = self
            .read_own(
                "SELECT CONVERT(schema_name USING utf8mb4),
                    CONVERT(CONCAT_WS(' ', default_character_set_name, default_collation_name)
                        USING utf8mb4)
                 FROM information_schema.schemata",
                &[],
            )
            .await?;
        let mut schemas = Vec::new();
        for row in rows {
            let [Cell::Text(Some(name)), Cell::Text(Some(facts))] = &row[..] else {
                return Err(not_text());
            };
            if names.contains(&name.to_lowercase()) {
                things.insert(format!("database {name}"), facts.clone());
                schemas.push(name.clone());
            } else if *name == self.server.database {
                schemas.push(name.clone());
            }
        }
        Ok(schemas)
    }

    async fn tables(
        &mut self,
        schema: &str,
        names: &BTreeSet<String>,
        things: &mut Things,
    ) -> Result<(), BackendError> {
        let sql = "SELECT CONVERT(table_name USING utf8mb4) FROM information_schema.tables
            WHERE table_schema = ?";
        for name in self.named(sql, schema, names).await? {
            let show = format!("SHOW CREATE TABLE {}.{}", quote(schema), quote(&name));
            if let Some(text) = self.show(&show, 1).await? {
                things.insert(format!("table {schema}.{name}"), without_counter(&text));
            }
        }
        Ok(())
    }

    async fn routines(
        &mut self,
        schema: &str,
        names: &BTreeSet<String>,
        things: &mut Things,
    ) -> Result<(), BackendError> {
        for kind in ["PROCEDURE", "FUNCTION"] {
            let sql = format!(
                "SELECT CONVERT(routine_name USING utf8mb4) FROM information_schema.routines
                 WHERE routine_schema = ? AND routine_type = '{kind}'"
            );
            for name in self.named(&sql, schema, names).await? {
                self.show_into(kind, schema, &name, 2, things).await?;
            }
        }
        Ok(())
    }

    /// Triggers or events, which are listed and shown alike.
    async fn shown(
        &mut self,
        kind: &str,
        list: &str,
        column: &str,
        schema: &str,
        names: &BTreeSet<String>,
        things: &mut Things,
    ) -> Result<(), BackendError> {
        let sql = format!(
            "SELECT CONVERT({column}_name USING utf8mb4) FROM information_schema.{list}
             WHERE {column}_schema = ?"
        );
        let at = if kind == "EVENT" { 3 } else { 2 };
        for name in self.named(&sql, schema, names).await? {
            self.show_into(kind, schema, &name, at, things).await?;
        }
        Ok(())
    }

    async fn show_into(
        &mut self,
        kind: &str,
        schema: &str,
        name: &str,
        at: usize,
        things: &mut Things,
    ) -> Result<(), BackendError> {
        let show = format!("SHOW CREATE {kind} {}.{}", quote(schema), quote(name));
        if let Some(text) = self.show(&show, at).await? {
            things.insert(format!("{} {schema}.{name}", kind.to_lowercase()), text);
        }
        Ok(())
    }

    async fn named(
        &mut self,
        sql: &str,
        schema: &str,
        names: &BTreeSet<String>,
    ) -> Result<Vec<String>, BackendError> {
        let rows = self.read_own(sql, &[Cell::text(schema)]).await?;
        let named = rows.into_iter().map(|row| match row.into_iter().next() {
            Some(Cell::Text(Some(name))) => Ok(name),
            // If it were left out, an existing object would look as if it did not exist.
            _ => Err(not_text()),
        });
        let wanted = |name: &String| names.contains(&name.to_lowercase());
        named.filter(|name| name.as_ref().map_or(true, wanted)).collect()
    }

    /// Returns the text in column `at`; `None` if the object is gone by now, and an empty text without the right to see it.
    pub(super) async fn show(
        &mut self,
        sql: &str,
        at: usize,
    ) -> Result<Option<String>, BackendError> {
        self.take_off().await?;
        let rows = match self.ready().await?.text_rows(sql).await {
            Ok(rows) => rows,
            Err(failure) if error::number(&failure).is_some_and(|n| GONE.contains(&n)) => {
                return Ok(None);
            }
            Err(failure) => return Err(self.host_error(&failure)),
        };
        let Some(row) = rows.first() else { return Ok(None) };
        let text = own_text(row, at).map_err(|error| self.host_error(&error))?;
        Ok(Some(text.unwrap_or_default()))
    }
}

fn not_text() -> BackendError {
    BackendError::Database("the server's catalogue holds a name that is no text".to_owned())
}

/// Without the table option that every INSERT changes.
pub(super) fn without_counter(create: &str) -> String {
    let Some((definition, options)) = create.rsplit_once("\n)") else { return create.to_owned() };
    let Some((before, rest)) = options.split_once(" AUTO_INCREMENT=") else {
        return create.to_owned();
    };
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{definition}\n){before}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_no_part_of_a_table() {
        let create = "CREATE TABLE `t` (\n  `a` int COMMENT ' AUTO_INCREMENT=3 '\n) \
                      ENGINE=InnoDB AUTO_INCREMENT=12 DEFAULT CHARSET=utf8mb4";
        let expected = "CREATE TABLE `t` (\n  `a` int COMMENT ' AUTO_INCREMENT=3 '\n) \
                        ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
        assert_eq!(without_counter(create), expected);
        assert_eq!(without_counter(expected), expected);
    }
}
