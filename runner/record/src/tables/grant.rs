//! `alteration_grant`: the permissions that a person granted, and took back. Append-only.

use crate::{
    BackendError, SCHEMA_VERSION,
    alteration::{AlterationKey, Checksum, Permission, PluginName},
    connection::{Cell, Connection, OwnTypes, spelled},
    operator,
    recorded::query,
    transaction::Own,
};
use alteration_domain::record::{
    RecordedGrant,
    grant::{GRANTED, REVOKED, grants},
    tables::GRANT,
};

const TABLE: &str = "-- Append-only. One row for each permission that a person granted when a plan was shown, and one where it was taken back.
    -- The table is created with the first grant.
    CREATE TABLE IF NOT EXISTS @grant (
        -- The row's number, in the order of writing.
        sequence {integer} PRIMARY KEY,
        -- The plugin that may use it.
        plugin {key} NOT NULL,
        -- The permission, as `runner permissions` shows it.
        permission {text} NOT NULL,
        -- The alteration that asked for it. Null where it was taken back.
        id {key},
        -- SHA-256 (hexadecimal) that identifies that alteration's source. Null where it was taken back.
        checksum {text},
        -- `granted`, or `revoked`, which takes back all grants of the permission to the plugin.
        event {key} NOT NULL,
        -- When it happened (RFC 3339, UTC).
        at {text} NOT NULL,
        -- Who did it, as `user@host`.
        done_by {text} NOT NULL
    )";

/// Makes the table, where it is not there yet.
pub(crate) fn create(types: OwnTypes) -> Own {
    Own::run(spelled(TABLE, types), [])
}

/// Records a grant. Its number is the next one; the transaction has the ledger's row by then.
pub(crate) fn grant(key: &AlterationKey, checksum: Checksum, permission: &Permission) -> Own {
    let (id, checksum) = (Cell::text(&key.id), Cell::text(checksum));
    append(&key.plugin, permission, [id, checksum], GRANTED)
}

/// Takes back all grants of `permission` to `plugin`.
pub(crate) fn revoke(plugin: &PluginName, permission: &Permission) -> Own {
    append(plugin, permission, [Cell::Text(None), Cell::Text(None)], REVOKED)
}

fn append(plugin: &PluginName, permission: &Permission, of: [Cell; 2], event: &str) -> Own {
    let [id, checksum] = of;
    let sql = "INSERT INTO @grant (sequence, plugin, permission, id, checksum, event, at, done_by)
         SELECT coalesce(max(sequence), 0) + 1, ?, ?, ?, ?, ?, ?, ? FROM @grant";
    let params = [
        Cell::text(plugin),
        Cell::text(permission),
        id,
        checksum,
        Cell::text(event),
        Cell::text(operator::now()),
        Cell::text(operator::identity()),
    ];
    Own::run(sql, params)
}

/// Returns the grants that hold. Runs in the caller's transaction; the table must be there.
pub(crate) async fn read(
    connection: &mut dyn Connection,
) -> Result<Vec<RecordedGrant>, BackendError> {
    Ok(grants(query(connection, GRANT.sql(SCHEMA_VERSION), []).await?)?)
}
