//! What is in a PostgreSQL database: definitions out of the catalogue, rows as literals.
//!
//! Where sequences stand is left out, and so is who owns what. What belongs to an extension is the
//! extension's; that it is there, and in which version, is compared. The queries are in
//! `catalogue.rs`, what locks were held in `watch.rs`.

use super::{
    PostgresConnection, catalogue, error,
    link::raw,
    text::{literal, quote},
};
use crate::{
    backend::{
        BackendError,
        export::{Export, ExportColumn, ExportFormat, FILE, Lines},
        scratch::{Locks, RowSource, SCRATCH_PREFIX, Scratch, Thing, Written, quoted},
    },
    session::SqlError,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap};

#[async_trait]
impl Scratch for PostgresConnection {
    async fn make_scratch(&mut self, name: &str) -> Result<(), BackendError> {
        // The names of the columns about ICU depend on the server's version.
        let rows = self
            .own_texts(
                "SELECT pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, \
                    j->>'datlocprovider', coalesce(j->>'daticulocale', j->>'datlocale') \
                 FROM pg_catalog.pg_database d, pg_catalog.to_jsonb(d) j \
                 WHERE d.datname = pg_catalog.current_database()",
            )
            .await?;
        let [encoding, collate, ctype, provider, locale] = super::columns(rows)?;
        let text = |value: Option<String>| literal(&value.unwrap_or_default());
        let mut sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            quote(name),
            text(encoding),
            text(collate),
            text(ctype)
        );
        if provider.as_deref() == Some("i") {
            sql.push_str(&format!(" LOCALE_PROVIDER icu ICU_LOCALE {}", text(locale)));
        }
        let made = self.link.own_run(&sql).await;
        made.map_err(|failure| match error::code(&failure).as_deref() {
            Some("42501") => BackendError::MayNotMakeDatabase {
                url: self.link.url().to_owned(),
                grant: "ALTER ROLE … CREATEDB",
            },
            _ => error::host_error(failure, self.link.url()),
        })?;
        let furnished = self.furnish_scratch(name).await;
        if furnished.is_err() {
            // Nobody else knows of it; why it is of no use matters more than that it is still there.
            let _ = self.remove_scratch(name).await;
        }
        furnished
    }

    async fn remove_scratch(&mut self, name: &str) -> Result<(), BackendError> {
        self.own_run(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote(name))).await
    }

    async fn scratches(&mut self) -> Result<Vec<String>, BackendError> {
        let sql = format!(
            "SELECT datname FROM pg_catalog.pg_database \
             WHERE pg_catalog.starts_with(datname::pg_catalog.text, {}) ORDER BY 1",
            literal(SCRATCH_PREFIX)
        );
        Ok(self.own_texts(&sql).await?.into_iter().flatten().flatten().collect())
    }

    async fn run_unguarded(&mut self, sql: &str) -> Result<(), SqlError> {
        let done = self.link.affected(sql).await;
        done.map_err(|error| error::guest_error(error, &super::text::Sent::plain(sql)))?;
        Ok(())
    }

    async fn things(&mut self) -> Result<Vec<Thing>, BackendError> {
        let mut sources = self.row_sources().await?;
        let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for row in self.own_texts(&catalogue::definitions(&self.config.schema)).await? {
            let Ok([Some(kind), Some(name), Some(text)]) = <[Option<String>; 3]>::try_from(row)
            else {
                continue;
            };
            let lines = found.entry((kind, name)).or_default();
            // A function or a view is written on several.
            lines.extend(text.lines().map(|line| line.trim_end().to_owned()));
        }
        let thing = |((kind, name), lines): ((String, String), Vec<String>)| {
            let rows = if kind == "table" { sources.remove(&name) } else { None };
            Thing { kind, name, lines, rows }
        };
        Ok(found.into_iter().map(thing).collect())
    }

    async fn each_row(
        &mut self,
        rows: &RowSource,
        each: &mut (dyn FnMut(Vec<String>) + Send),
    ) -> Result<(), BackendError> {
        let read = self.link.own_each_row(&rows.sql, |row| {
            let value = |at| match raw(row, at) {
                None => "NULL".to_owned(),
                Some(bytes) => shown(&String::from_utf8_lossy(bytes)),
            };
            each((0..rows.columns.len()).map(value).collect());
        });
        read.await.map_err(|error| error::host_error(error, self.link.url()))
    }

    async fn export_of(&mut self, table: &str) -> Result<Export, BackendError> {
        let sql = format!(
            "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) \
             FROM pg_catalog.pg_attribute a \
             WHERE a.attrelid = {}::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped \
                AND a.attgenerated = '' ORDER BY a.attnum",
            literal(table)
        );
        let mut columns = Vec::new();
        for row in self.own_texts(&sql).await? {
            if let Ok([Some(name), Some(data_type)]) = <[Option<String>; 2]>::try_from(row) {
                columns.push(ExportColumn { name, data_type });
            }
        }
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        let texts: Vec<String> =
            names.iter().map(|name| format!("{name}::pg_catalog.text")).collect();
        let head: Vec<String> = columns.iter().map(|column| in_csv(&column.name)).collect();
        Ok(Export {
            format: ExportFormat::Csv,
            columns,
            head: format!("{}\n", head.join(",")),
            restore: format!(
                "\\copy {table} ({}) FROM '{FILE}' WITH (FORMAT csv, HEADER true)",
                names.join(", ")
            ),
            select: format!("SELECT {} FROM ONLY {table}", texts.join(", ")),
            into: String::new(),
        })
    }

    async fn export(&mut self, export: &Export, line: &mut Lines<'_>) -> Result<(), BackendError> {
        // What the role or the database says of these could lose digits, or be read otherwise elsewhere.
        self.own_texts(EXACT).await?;
        let mut text = Vec::new();
        let each = |row: &sqlx::postgres::PgRow| {
            text.clear();
            for at in 0..export.columns.len() {
                if at > 0 {
                    text.push(b',');
                }
                // The server's own bytes: they are no UTF-8 in every database.
                if let Some(bytes) = raw(row, at) {
                    text.push(b'"');
                    for byte in bytes {
                        text.extend_from_slice(if *byte == b'"' {
                            b"\"\""
                        } else {
                            std::slice::from_ref(byte)
                        });
                    }
                    text.push(b'"');
                }
            }
            text.push(b'\n');
            line(&text);
            Ok::<(), std::convert::Infallible>(())
        };
        let read = self.link.each_row(&export.select, each).await;
        read.map(drop).map_err(|error| error::host_error(error, self.link.url()))
    }

    async fn written(&mut self) -> Result<Written, BackendError> {
        let rows = self.own_texts(&catalogue::written(&self.config.schema)).await?;
        let table = |row: Vec<Option<String>>| match <[Option<String>; 2]>::try_from(row) {
            Ok([Some(table), Some(rewritten)]) => Some((table, rewritten != "0")),
            _ => None,
        };
        Ok(Written(rows.into_iter().filter_map(table).collect()))
    }

    async fn watch_locks(&mut self) -> Result<(), BackendError> {
        self.start_watch().await
    }

    fn locks_seen(&mut self) -> Locks {
        self.end_watch()
    }
}

const EXACT: &str = "SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; \
    SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL TimeZone = 'UTC'";

fn in_csv(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A number as it is, everything else in quotes.
fn shown(text: &str) -> String {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.e".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_digit());
    if is_number { text.to_owned() } else { quoted(text) }
}

impl PostgresConnection {
    /// Gives a scratch database what this one says of sessions, as far as this user may say it, and the schemas that this
    /// session finds names in: in an empty one they would mean something else, or nothing.
    async fn furnish_scratch(&mut self, name: &str) -> Result<(), BackendError> {
        let sql = "SELECT c.setrole <> 0, s.setting \
            FROM pg_catalog.pg_db_role_setting c JOIN pg_catalog.pg_database d ON d.oid = c.setdatabase \
            LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.setrole \
            CROSS JOIN LATERAL pg_catalog.unnest(c.setconfig) AS s (setting) \
            WHERE d.datname = pg_catalog.current_database() \
                AND (c.setrole = 0 OR r.rolname = session_user)";
        for row in self.own_texts(sql).await? {
            let [Some(is_of_role), Some(setting)] = &row[..] else { continue };
            let Some((setting, value)) = setting.split_once('=') else { continue };
            // Of a list, each part is quoted already; an empty one is stored as an empty name.
            let value = match (setting, value) {
                (_, "" | "\"\"") => "''".to_owned(),
                ("search_path" | "temp_tablespaces", list) => list.to_owned(),
                (_, value) => literal(value),
            };
            let (database, setting) = (quote(name), quote(setting));
            let sql = match is_of_role == "t" {
                true => format!(
                    "ALTER ROLE SESSION_USER IN DATABASE {database} SET {setting} TO {value}"
                ),
                false => format!("ALTER DATABASE {database} SET {setting} TO {value}"),
            };
            match self.link.own_run(&sql).await {
                // A superuser made it; a trial does without.
                Err(failure) if error::code(&failure).as_deref() == Some("42501") => {}
                set => set.map_err(|failure| error::host_error(failure, self.link.url()))?,
            }
        }
        let sql = "SELECT pg_catalog.quote_ident(s) \
            FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) s \
            WHERE s <> 'public' AND NOT pg_catalog.starts_with(s::pg_catalog.text, 'pg_')";
        // Not by the runner's own path, which finds none of them.
        let schemas = self.link.own_rows(sql).await;
        let schemas = schemas.map_err(|failure| error::host_error(failure, self.link.url()))?;
        let schemas: Vec<_> = schemas.into_iter().flatten().flatten().collect();
        if schemas.is_empty() {
            return Ok(());
        }
        let mut scratch = self.link.opener().beside(name).open().await?;
        let sql: String = schemas
            .iter()
            .map(|schema| format!("CREATE SCHEMA IF NOT EXISTS {schema}; "))
            .collect();
        let made = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut scratch).await;
        made.map_err(|failure| error::host_error(failure, self.link.url()))?;
        let closed = sqlx::Connection::close(scratch).await;
        closed.map_err(|failure| error::host_error(failure, self.link.url()))
    }

    /// By the table's name as it is shown.
    async fn row_sources(&mut self) -> Result<HashMap<String, RowSource>, BackendError> {
        let mut columns: HashMap<String, Vec<String>> = HashMap::new();
        for row in self.own_texts(&catalogue::columns(&self.config.schema)).await? {
            if let Ok([Some(table), column]) = <[Option<String>; 2]>::try_from(row) {
                columns.entry(table).or_default().extend(column);
            }
        }
        Ok(columns
            .into_iter()
            .map(|(table, mut columns)| {
                columns.sort();
                let list: Vec<String> = columns
                    .iter()
                    .map(|column| format!("{}::pg_catalog.text", quote(column)))
                    .collect();
                let sql = format!("SELECT {} FROM ONLY {table}", list.join(", "));
                (table, RowSource { columns, sql })
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn only_numbers_go_without_quotes() {
        for (text, expected) in [
            ("1.50", "1.50"),
            ("-1e+30", "-1e+30"),
            ("NULL", "'NULL'"),
            ("", "''"),
            ("e", "'e'"),
            ("it's", "'it''s'"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }
}
