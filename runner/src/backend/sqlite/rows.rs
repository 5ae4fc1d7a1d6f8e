//! Reads the state tables on SQLite. Somebody may have edited them: every value is checked.

use super::{error::corrupt, schema::schema_version};
use crate::{
    alteration::AlterationKey,
    backend::{BackendError, Revision, Snapshot, StateRow, Status},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::str::FromStr;

/// Reads ledger and state rows. Runs in the caller's transaction, so that both fit together.
pub(super) async fn snapshot(connection: &mut SqliteConnection) -> Result<Snapshot, BackendError> {
    if schema_version(connection).await?.is_none() {
        return Ok(Snapshot::empty());
    }
    let revision: i64 = sqlx::query_scalar("SELECT revision FROM main.alteration_ledger")
        .persistent(false)
        .fetch_one(&mut *connection)
        .await
        .map_err(corrupt)?;
    let rows = sqlx::query("SELECT * FROM main.alteration_state")
        .persistent(false)
        .fetch_all(&mut *connection)
        .await
        .map_err(corrupt)?;
    let rows = rows.iter().map(state_row).collect::<Result<Vec<_>, _>>()?;
    Ok(Snapshot {
        revision: Some(Revision(revision)),
        rows: rows.into_iter().map(|row| (row.key.clone(), row)).collect(),
    })
}

fn state_row(row: &SqliteRow) -> Result<StateRow, BackendError> {
    let plugin: String = text(row, "plugin", "a row")?;
    let id: String = text(row, "id", &plugin)?;
    let name = format!("{plugin} {id}");
    let key =
        AlterationKey { plugin: parse(&plugin, "plugin", &name)?, id: parse(&id, "id", &name)? };
    let number = |column: &str| -> Result<Option<u64>, BackendError> {
        let value: Option<i64> = get(row, column, &name)?;
        Ok(value.and_then(|value| u64::try_from(value).ok()))
    };
    Ok(StateRow {
        checksum: parse(&text(row, "checksum", &name)?, "checksum", &name)?,
        component_checksum: parse(
            &text(row, "component_checksum", &name)?,
            "component_checksum",
            &name,
        )?,
        status: Status::from_str(&text(row, "status", &name)?)
            .map_err(|()| invalid("status", &name))?,
        applied_at: get(row, "applied_at", &name)?,
        duration_ms: number("duration_ms")?,
        statements: number("statements")?,
        rows_affected: number("rows_affected")?,
        applied_by: get(row, "applied_by", &name)?,
        runner_version: get(row, "runner_version", &name)?,
        permissions: json(&text(row, "permissions", &name)?, "permissions", &name)?,
        requires: json(&text(row, "requires", &name)?, "requires", &name)?,
        irreversible: get::<bool>(row, "irreversible", &name)?,
        revision: Revision(get(row, "revision", &name)?),
        error: get(row, "error", &name)?,
        key,
    })
}

fn get<'r, T>(row: &'r SqliteRow, column: &str, name: &str) -> Result<T, BackendError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(|_| invalid(column, name))
}

fn text(row: &SqliteRow, column: &str, name: &str) -> Result<String, BackendError> {
    get(row, column, name)
}

fn parse<T: FromStr>(text: &str, column: &str, name: &str) -> Result<T, BackendError> {
    text.parse().map_err(|_| invalid(column, name))
}

fn json<T: serde::de::DeserializeOwned>(
    text: &str,
    column: &str,
    name: &str,
) -> Result<T, BackendError> {
    serde_json::from_str(text).map_err(|_| invalid(column, name))
}

fn invalid(column: &str, name: &str) -> BackendError {
    let name = crate::escape::Escaped(name);
    BackendError::Corrupt(format!(
        "alteration_state, {name}: the column {column} holds no valid value"
    ))
}
