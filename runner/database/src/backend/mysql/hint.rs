//! Reads what the catalogue adds to the columns of a result; see [`Hint`](super::column::Hint).

use super::{
    MysqlConnection,
    call::guest_side,
    column::{self, TableHints},
    wire::Prepared,
};
use crate::{
    alteration::Dialect,
    backend::{BackendError, connection::Cell, identifier::in_backticks as quote},
    session::SqlError,
};
use std::{collections::HashMap, sync::Arc};

impl MysqlConnection {
    /// Returns what the catalogue adds to the columns of a result, by table.
    pub(super) async fn hints_of(
        &mut self,
        prepared: &Prepared,
    ) -> Result<HashMap<String, Arc<TableHints>>, SqlError> {
        let mut hints = HashMap::new();
        for column in prepared.columns.iter().filter(|column| column::wants_hint(column)) {
            let Some((table, _)) = column::origin(column) else { continue };
            if hints.contains_key(&table) {
                continue;
            }
            let known = match self.hints.get(&table) {
                Some(known) => Arc::clone(known),
                None => {
                    let read = Arc::new(self.read_hints(&table).await.map_err(guest_side)?);
                    self.hints.insert(table.clone(), Arc::clone(&read));
                    read
                }
            };
            hints.insert(table, known);
        }
        Ok(hints)
    }

    async fn read_hints(&mut self, origin: &str) -> Result<TableHints, BackendError> {
        let Some((schema, table)) = origin.split_once('.') else { return Ok(TableHints::new()) };
        let place = [Cell::text(schema), Cell::text(table)];
        let columns = self
            .read_own(
                "SELECT CONVERT(column_name USING utf8mb4), CONVERT(data_type USING utf8mb4)
                 FROM information_schema.columns
                 WHERE table_schema = ? AND table_name = ?",
                &place,
            )
            .await?;
        let mut hints: TableHints = columns
            .iter()
            .filter_map(|row| match &row[..] {
                [Cell::Text(Some(name)), Cell::Text(Some(data_type))] => {
                    Some((name.clone(), column::hint(data_type)?))
                }
                _ => None,
            })
            .collect();
        if self.server.dialect == Dialect::Mariadb {
            // MariaDB stores JSON as LONGTEXT with this check, and nothing else shows the type.
            let checks = self
                .read_own(
                    "SELECT constraint_name, check_clause FROM information_schema.check_constraints
                     WHERE constraint_schema = ? AND table_name = ?",
                    &place,
                )
                .await?;
            for row in checks {
                if let [Cell::Text(Some(name)), Cell::Text(Some(clause))] = &row[..]
                    && *clause == format!("json_valid({})", quote(name))
                {
                    hints.insert(name.clone(), column::Hint::Json);
                }
            }
        }
        Ok(hints)
    }
}
