//! The contents of a MySQL or MariaDB database: the server's own definitions, and rows as literals.
//!
//! AUTO_INCREMENT counters are left out. Rights are not looked at: they belong to the server.

use super::{
    MysqlConnection, catalogue::without_counter, error, value::Decoder, wire::Failure, zone::Zone,
};
use crate::{
    backend::{
        BackendError,
        connection::Cell,
        export::{Export, ExportColumn, ExportFormat, FILE, Lines},
        identifier::in_backticks as quote,
        scratch::{RowSource, SCRATCH_PREFIX, Scratch, Thing, literal},
    },
    session::{SqlError, Value},
    sql::OWN_TABLES,
};
use async_trait::async_trait;
use sqlx::{Row as _, mysql::MySqlArguments};
use std::collections::HashMap;

#[async_trait]
impl Scratch for MysqlConnection {
    async fn make_scratch(&mut self, name: &str) -> Result<(), BackendError> {
        let Thing { lines, .. } = self.database(&self.server.database.clone()).await?;
        let sql = format!("CREATE DATABASE {} {}", quote(name), lines.join(" "));
        self.ready().await?.text(&sql).await.map_err(|failure| match error::number(&failure) {
            Some(1044 | 1227) => BackendError::MayNotMakeDatabase {
                url: self.url.to_string(),
                grant: "GRANT ALL ON `runner\\_test\\_%`.* TO …",
            },
            _ => self.host_error(&failure),
        })
    }

    async fn remove_scratch(&mut self, name: &str) -> Result<(), BackendError> {
        self.ready().await?;
        self.own_text(&format!("DROP DATABASE IF EXISTS {}", quote(name))).await
    }

    async fn scratches(&mut self) -> Result<Vec<String>, BackendError> {
        let sql = "SELECT CONVERT(schema_name USING utf8mb4) FROM information_schema.schemata
            ORDER BY 1";
        let names = self.texts(sql, &[]).await?.into_iter().flatten();
        Ok(names.filter(|name| name.starts_with(SCRATCH_PREFIX)).collect())
    }

    async fn run_unguarded(&mut self, sql: &str) -> Result<(), SqlError> {
        let wire = self.wire.as_mut().ok_or_else(|| {
            SqlError::new(crate::session::ErrorKind::Disconnected, "the connection is closed")
        })?;
        wire.text(sql).await.map_err(|failure| error::guest_error(&failure, sql))
    }

    async fn things(&mut self) -> Result<Vec<Thing>, BackendError> {
        let forgotten = self.ready().await?.forget_statements().await;
        forgotten.map_err(|error| self.host_error(&error))?;
        let database = self.server.database.clone();
        let mut things = vec![self.database(&database).await?];
        let sql = "SELECT CONVERT(table_name USING utf8mb4), CONVERT(table_type USING utf8mb4)
            FROM information_schema.tables WHERE table_schema = ?";
        for row in self.texts(sql, &[Cell::text(&database)]).await? {
            let [name, kind] = &row[..] else { continue };
            if OWN_TABLES.contains(&name.to_lowercase().as_str()) {
                continue;
            }
            let (kind, rows) = match kind.as_str() {
                "VIEW" => ("view", None),
                "SEQUENCE" => ("sequence", None),
                _ => ("table", Some(self.row_source(&database, name).await?)),
            };
            self.thing(kind, &database, name, 1, rows, &mut things).await?;
        }
        for (kind, list, at) in [
            ("trigger", "SELECT trigger_name FROM information_schema.triggers WHERE trigger", 2),
            ("event", "SELECT event_name FROM information_schema.events WHERE event", 3),
        ] {
            let sql = list.replacen("SELECT ", "SELECT CONVERT(", 1);
            let sql = sql.replacen(" FROM", " USING utf8mb4) FROM", 1) + "_schema = ?";
            for name in self.texts(&sql, &[Cell::text(&database)]).await?.into_iter().flatten() {
                self.thing(kind, &database, &name, at, None, &mut things).await?;
            }
        }
        for kind in ["procedure", "function"] {
            let sql = "SELECT CONVERT(routine_name USING utf8mb4)
                FROM information_schema.routines WHERE routine_schema = ? AND routine_type = ?";
            let params = [Cell::text(&database), Cell::text(kind.to_uppercase())];
            for name in self.texts(sql, &params).await?.into_iter().flatten() {
                self.thing(kind, &database, &name, 2, None, &mut things).await?;
            }
        }
        Ok(things)
    }

    async fn each_row(
        &mut self,
        rows: &RowSource,
        each: &mut (dyn FnMut(Vec<String>) + Send),
    ) -> Result<(), BackendError> {
        let mut all = |row: Vec<Value>| each(row.iter().map(literal).collect());
        self.each_decoded(&rows.sql, true, &mut all).await
    }

    async fn export_of(&mut self, table: &str) -> Result<Export, BackendError> {
        let sql = "SELECT CONVERT(column_name USING utf8mb4), CONVERT(column_type USING utf8mb4),
                CONVERT(extra USING utf8mb4)
            FROM information_schema.columns WHERE table_schema = ? AND table_name = ?
            ORDER BY ordinal_position";
        let database = self.server.database.clone();
        let (mut columns, mut list, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for row in self.texts(sql, &[Cell::text(&database), Cell::text(table)]).await? {
            let Ok([name, data_type, extra]) = <[String; 3]>::try_from(row) else { continue };
            let extra = extra.to_uppercase();
            if extra.contains("VIRTUAL") || extra.contains("STORED") || extra.contains("PERSISTENT")
            {
                continue;
            }
            let quoted = quote(&name);
            list.push(match is_vector(&data_type) {
                true => format!("HEX({quoted}) AS {quoted}"),
                false => quoted.clone(),
            });
            names.push(quoted);
            columns.push(ExportColumn { name, data_type });
        }
        let table = quote(table);
        Ok(Export {
            format: ExportFormat::Sql,
            columns,
            head: "SET NAMES utf8mb4;\nSET time_zone = '+00:00';\n".to_owned(),
            restore: format!("source {FILE}"),
            select: format!("SELECT {} FROM {}.{table}", list.join(", "), quote(&database)),
            into: format!("INSERT INTO {table} ({})", names.join(", ")),
        })
    }

    async fn export(&mut self, export: &Export, line: &mut Lines<'_>) -> Result<(), BackendError> {
        let mut all = |row: Vec<Value>| {
            let values = row.iter().zip(&export.columns);
            let values: Vec<String> = values.map(|(value, column)| in_sql(value, column)).collect();
            line(format!("{} VALUES ({});\n", export.into, values.join(", ")).as_bytes());
        };
        // The file sets the zone to UTC, so that its local times are UTC.
        self.each_decoded(&export.select, false, &mut all).await
    }
}

/// Writes a value so that the server's own client reads it back, whatever `sql_mode` says about backslashes and quotes.
fn in_sql(value: &Value, column: &ExportColumn) -> String {
    match value {
        Value::Text(digits) if is_vector(&column.data_type) => format!("x'{digits}'"),
        Value::Null | Value::Boolean(_) | Value::Int64(_) | Value::Bytes(_) => literal(value),
        Value::BigInteger(_) | Value::Decimal(_) => literal(value),
        Value::Float64(value) => format!("{value:e}"),
        Value::Text(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::Timestamptz(text)
        | Value::Uuid(text)
        | Value::Json(text)
        | Value::Other { text, .. } => {
            let is_plain = |c: char| !c.is_control() && c != '\\' && c != '\'';
            match text.chars().all(is_plain) {
                true => format!("'{text}'"),
                false => {
                    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
                    format!("_utf8mb4 x'{digits}'")
                }
            }
        }
    }
}

impl MysqlConnection {
    /// Hands each row to `each`. `stamps`: instants say of which zone they are.
    async fn each_decoded(
        &mut self,
        sql: &str,
        stamps: bool,
        each: &mut (dyn FnMut(Vec<Value>) + Send),
    ) -> Result<(), BackendError> {
        let mut decoder: Option<Decoder> = None;
        // Instants need no zone then: these are the runner's own reads.
        let utc = Zone::utc();
        self.ready().await?;
        let mode = self.native.sql_mode.clone();
        let borrowed = self.borrow_settings(&mode, Some(utc.name())).await;
        borrowed.map_err(BackendError::Refused)?;
        // Prepared, because the text protocol shortens floating point numbers.
        let arguments = Some(MySqlArguments::default());
        let read = self.ready().await?.run(sql, arguments, |row, format| {
            let decoder =
                decoder.get_or_insert_with(|| Decoder::new(row.columns(), &HashMap::new()));
            let mut row = decoder.row(&row, format)?;
            if stamps {
                decoder.stamps(&utc).convert(&mut row)?;
            }
            each(row);
            Ok(())
        });
        let read = read.await;
        self.return_settings().await.map_err(BackendError::Refused)?;
        match read {
            Ok(_) => Ok(()),
            Err(Failure::Server(failure)) => Err(self.host_error(&failure)),
            Err(Failure::Stopped(error)) => Err(BackendError::Database(error.message)),
        }
    }

    async fn texts(
        &mut self,
        sql: &str,
        params: &[Cell],
    ) -> Result<Vec<Vec<String>>, BackendError> {
        let text = |cell| match cell {
            Cell::Text(Some(text)) => Some(text),
            Cell::Text(None) | Cell::Integer(_) | Cell::Bytes(_) => None,
        };
        let rows = self.read_own(sql, params).await?;
        Ok(rows.into_iter().map(|row| row.into_iter().filter_map(text).collect()).collect())
    }

    async fn database(&mut self, database: &str) -> Result<Thing, BackendError> {
        let sql = "SELECT CONVERT(CONCAT('CHARACTER SET ', default_character_set_name,
                ' COLLATE ', default_collation_name) USING utf8mb4)
            FROM information_schema.schemata WHERE schema_name = ?";
        let rows = self.texts(sql, &[Cell::text(database)]).await?;
        let lines = rows.into_iter().flatten().collect();
        Ok(Thing { kind: "database".to_owned(), name: String::new(), lines, rows: None })
    }

    async fn thing(
        &mut self,
        kind: &str,
        database: &str,
        name: &str,
        at: usize,
        rows: Option<RowSource>,
        things: &mut Vec<Thing>,
    ) -> Result<(), BackendError> {
        let sql =
            format!("SHOW CREATE {} {}.{}", kind.to_uppercase(), quote(database), quote(name));
        let Some(text) = self.show(&sql, at).await? else { return Ok(()) };
        let lines = match kind {
            "table" => table_lines(&without_counter(&text)),
            _ => text.lines().map(|line| line.trim_end().to_owned()).collect(),
        };
        things.push(Thing { kind: kind.to_owned(), name: name.to_owned(), lines, rows });
        Ok(())
    }

    async fn row_source(&mut self, database: &str, table: &str) -> Result<RowSource, BackendError> {
        let sql = "SELECT CONVERT(column_name USING utf8mb4), CONVERT(data_type USING utf8mb4)
            FROM information_schema.columns WHERE table_schema = ? AND table_name = ?";
        let params = [Cell::text(database), Cell::text(table)];
        let mut found = self.texts(sql, &params).await?;
        found.sort();
        let (mut columns, mut list) = (Vec::new(), Vec::new());
        for row in found {
            let [name, data_type] = &row[..] else { continue };
            let quoted = quote(name);
            // Of MySQL's: see `unread.rs`.
            list.push(if is_vector(data_type) {
                format!("HEX({quoted}) AS {quoted}")
            } else {
                quoted
            });
            columns.push(name.clone());
        }
        let sql = format!("SELECT {} FROM {}.{}", list.join(", "), quote(database), quote(table));
        Ok(RowSource { columns, sql })
    }
}

/// Returns whether a type is read as digits, because the driver does not know it.
fn is_vector(data_type: &str) -> bool {
    data_type.starts_with("vector")
}

/// Returns columns in their order, then keys and constraints sorted by their text. The order of these only shows when they
/// were made, which no alteration could restore.
fn table_lines(create: &str) -> Vec<String> {
    // The last one inside the parentheses has no comma, wherever it stands.
    let mut lines: Vec<String> =
        create.lines().map(|line| line.trim_end_matches(',').to_owned()).collect();
    let is_column = |line: &String| line.starts_with("  `");
    let first = lines.iter().skip(1).position(|line| !is_column(line)).map_or(0, |at| at + 1);
    let end = lines.iter().position(|line| line.starts_with(')')).unwrap_or(first);
    if let Some(keys) = lines.get_mut(first..end) {
        keys.sort();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::table_lines;

    #[test]
    fn keys_have_no_order() {
        let create = |columns: &str, keys: &str| {
            format!("CREATE TABLE `t` (\n{columns},\n  PRIMARY KEY (`a`),\n{keys}\n) ENGINE=InnoDB")
        };
        let (ab, ba) = ("  `a` int,\n  `b` int", "  `b` int,\n  `a` int");
        let (xy, yx) = ("  KEY `x` (`b`),\n  KEY `y` (`b`)", "  KEY `y` (`b`),\n  KEY `x` (`b`)");
        assert_eq!(table_lines(&create(ab, xy)), table_lines(&create(ab, yx)));
        assert_ne!(table_lines(&create(ab, xy)), table_lines(&create(ba, xy)));
    }
}
