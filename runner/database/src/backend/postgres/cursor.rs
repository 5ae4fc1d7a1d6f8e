//! Cursors: a snapshot of the result in a temporary table, read through a server-side cursor.
//!
//! PostgreSQL's own cursor would be a snapshot too, but forbids to drop or alter the tables that it
//! reads from, which a hook may do while it goes on reading.

use super::{
    PostgresConnection, describe::name_types, error::guest_error, forms::Wants, text::Sent,
};
use crate::{
    backend::{connection::HookMode, size},
    session::{Column, ErrorKind, Handle, ResultLimit, Row, SqlError, Value},
    sql::Statement,
};

const FETCH_ROWS_MAX: usize = 10_000;
/// What a row is taken for before any was seen.
const ROW_BYTES_GUESS: usize = 1_024;

#[derive(Debug)]
pub(super) struct Cursor {
    columns: Vec<Column>,
    /// The largest average so far, so that few rows are fetched in vain.
    row_bytes: usize,
}

fn name(cursor: Handle) -> String {
    format!("runner_cursor_{}", cursor.0)
}

/// Whether a statement can stand where a query can.
pub(super) fn reads(statement: &Statement<'_>) -> bool {
    ["SELECT", "WITH", "VALUES", "TABLE"].contains(&statement.verb().as_str())
}

impl PostgresConnection {
    pub(super) async fn cursor_over(
        &mut self,
        sql: &str,
        params: &[Value],
    ) -> Result<(Handle, Vec<Column>), SqlError> {
        let statement = self.checked(sql)?;
        if !reads(&statement) {
            return Err(SqlError::new(
                ErrorKind::Syntax,
                "a cursor needs a statement that returns rows and changes nothing; use query",
            ));
        }
        if self.handles.cursors.len() >= self.config.limits.cursors_max {
            let max = self.config.limits.cursors_max;
            return Err(SqlError::new(ErrorKind::Limit, format!("more than {max} open cursors")));
        }
        // What is read later is only shown then: the query itself runs as the hook's own.
        self.ready_for_guest(Wants::of(&statement, false)).await?;
        let sent = self.with_literals(&statement, params).await?;
        let fields = self.parse(&sent).await?.columns;
        let handle = self.handles.next();
        let name = name(handle);
        let outlives = self.state.mode() == Some(HookMode::Journaled);
        let (commit, hold) = if outlives { ("PRESERVE ROWS", " WITH HOLD") } else { ("DROP", "") };
        // Names of columns may be there twice in a result, but not in a table.
        let list = match &fields {
            Some(fields) => {
                let list: Vec<String> = (0..fields.len()).map(|at| format!("c{at}")).collect();
                format!(" ({})", list.join(", "))
            }
            None => String::new(),
        };
        let prefix = format!("CREATE TEMPORARY TABLE pg_temp.{name}{list} ON COMMIT {commit} AS ");
        let sent = sent.behind(&prefix);
        let made = self.link.execute(&sent.text, Default::default()).await;
        made.map_err(|error| guest_error(error, &sent))?;
        let declare =
            format!("DECLARE {name} SCROLL CURSOR{hold} FOR SELECT * FROM pg_temp.{name}");
        self.link.run(&declare).await.map_err(|error| guest_error(error, &Sent::plain("")))?;
        let fields = match fields {
            Some(fields) => fields,
            None => self.columns_in_table(&name).await?,
        };
        let columns = self.columns_of(&fields).await?;
        let cursor = Cursor { columns: columns.clone(), row_bytes: ROW_BYTES_GUESS };
        self.handles.cursors.insert(handle, cursor);
        Ok((handle, columns))
    }

    pub(super) async fn fetch_from(
        &mut self,
        cursor: Handle,
        limit: ResultLimit,
    ) -> Result<Vec<Row>, SqlError> {
        let Some(mut open) = self.handles.cursors.remove(&cursor) else {
            return Err(SqlError::new(ErrorKind::Other, "the cursor is closed"));
        };
        self.ready_for_guest(Wants::Rows).await?;
        let name = name(cursor);
        let fitting = (limit.bytes_max / open.row_bytes).max(1);
        let wanted = limit.rows_max.min(FETCH_ROWS_MAX).min(fitting);
        let fetch = format!("FETCH FORWARD {wanted} FROM {name}");
        let (mut rows, mut bytes, mut seen, mut full) = (Vec::new(), 0, 0_usize, false);
        self.stream(&Sent::plain(&fetch), |row| {
            seen += 1;
            bytes += size::of_row(&row);
            full |= bytes > limit.bytes_max;
            if !full {
                rows.push(row);
            } else if rows.is_empty() {
                return Err(SqlError::new(
                    ErrorKind::Limit,
                    format!("one row has more than {} bytes", limit.bytes_max),
                ));
            }
            Ok(())
        })
        .await?;
        if full {
            // What did not fit comes with the next call. At the end the cursor is behind the last
            // row, otherwise on it.
            let back = seen - rows.len() + usize::from(seen < wanted);
            let back = format!("MOVE BACKWARD {back} FROM {name}");
            self.link.run(&back).await.map_err(|error| guest_error(error, &Sent::plain("")))?;
        }
        open.row_bytes = open.row_bytes.max(bytes / seen.max(1)).max(1);
        name_types(&open.columns, &mut rows);
        self.handles.cursors.insert(cursor, open);
        Ok(rows)
    }

    pub(super) async fn drop_cursor(&mut self, cursor: Handle) -> Result<(), SqlError> {
        if self.handles.cursors.remove(&cursor).is_some() {
            self.ready_for_guest(Wants::Own).await?;
            let name = name(cursor);
            let drop = format!("CLOSE {name}; DROP TABLE pg_temp.{name}");
            self.link.run(&drop).await.map_err(|error| guest_error(error, &Sent::plain("")))?;
        }
        Ok(())
    }
}
