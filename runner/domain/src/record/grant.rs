//! Permissions that a person granted when a plan was shown, as they are recorded.
//!
//! The record is append-only: a row for each grant, and one where it is taken back. What holds is what is left after
//! reading them in their order.

use super::{Cell, Record, RecordError};
use crate::alteration::{AlterationId, AlterationKey, Checksum, Permission, PluginName};
use serde::Serialize;

/// The event of a grant.
pub const GRANTED: &str = "granted";
/// The event that takes back all grants of a permission to a plugin.
pub const REVOKED: &str = "revoked";

/// A permission that a person granted, and that was not taken back since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedGrant {
    /// The plugin that has it.
    pub plugin: PluginName,
    /// What it may do.
    pub permission: Permission,
    /// The alteration that asked for it.
    pub id: AlterationId,
    /// SHA-256 of that alteration's source.
    pub checksum: Checksum,
    /// When it was granted (RFC 3339, UTC).
    pub at: String,
    /// Who granted it, as `user@host`.
    pub done_by: String,
}

/// How a recorded grant covers an alteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covering {
    /// It was granted to these very bytes.
    Exact,
    /// It was granted to another alteration of the plugin.
    SamePlugin,
}

/// Returns how `grants` cover `permission` for `key` with these bytes. A grant to other bytes of the same alteration covers
/// nothing: they were shown to nobody.
pub fn covering(
    grants: &[RecordedGrant],
    key: &AlterationKey,
    checksum: Checksum,
    permission: &Permission,
) -> Option<Covering> {
    let of_plugin =
        grants.iter().filter(|grant| grant.plugin == key.plugin && grant.permission == *permission);
    let mut same_plugin = None;
    for grant in of_plugin {
        match grant.id == key.id {
            true if grant.checksum == checksum => return Some(Covering::Exact),
            true => {}
            false => same_plugin = Some(Covering::SamePlugin),
        }
    }
    same_plugin
}

/// From the rows of [`GRANT`](super::tables::GRANT): the grants that hold.
pub fn grants(rows: Vec<Vec<Cell>>) -> Result<Vec<RecordedGrant>, RecordError> {
    let mut grants: Vec<RecordedGrant> = Vec::new();
    for cells in rows {
        let mut row = Record::new(cells, "alteration_grant, a row");
        let (plugin, permission) = (row.parse("plugin")?, row.parse("permission")?);
        let (id, checksum) = (row.maybe_text("id")?, row.maybe_text("checksum")?);
        let event = row.text("event")?;
        let (at, done_by) = (row.text("at")?, row.text("done_by")?);
        match (event.as_str(), id, checksum) {
            (REVOKED, ..) => {
                grants.retain(|grant| grant.plugin != plugin || grant.permission != permission);
            }
            (GRANTED, Some(id), Some(checksum)) => {
                let id = id.parse().map_err(|_| row.invalid("id"))?;
                let checksum = checksum.parse().map_err(|_| row.invalid("checksum"))?;
                grants.push(RecordedGrant { plugin, permission, id, checksum, at, done_by });
            }
            _ => return Err(row.invalid("event")),
        }
    }
    Ok(grants)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(plugin: &str, permission: &str, id: Option<(&str, u8)>, event: &str) -> Vec<Cell> {
        let (id, checksum) =
            id.map(|(id, byte)| (id.to_owned(), Checksum::of(&[byte]).to_string())).unzip();
        vec![
            Cell::text(plugin),
            Cell::text(permission),
            Cell::Text(id),
            Cell::Text(checksum),
            Cell::text(event),
            Cell::text("2026-11-30T10:00:00Z"),
            Cell::text("me@host"),
        ]
    }

    #[test]
    fn what_is_taken_back_holds_no_more() {
        let (reads, entropy) = ("reads app:orders", "entropy");
        let rows = vec![
            row("a/b", reads, Some(("1-x", 1)), GRANTED),
            row("a/b", entropy, Some(("1-x", 1)), GRANTED),
            row("a/c", reads, Some(("1-x", 1)), GRANTED),
            row("a/b", reads, None, REVOKED),
            row("a/b", reads, Some(("2-y", 2)), GRANTED),
        ];
        let found = grants(rows).unwrap();
        let said: Vec<String> = found
            .iter()
            .map(|grant| format!("{} {} {}", grant.plugin, grant.permission, grant.id))
            .collect();
        assert_eq!(
            said,
            ["a/b entropy 1-x", "a/c reads app:orders 1-x", "a/b reads app:orders 2-y"]
        );
    }

    #[test]
    fn which_bytes_a_grant_is_for() {
        let recorded = grants(vec![row("a/b", "entropy", Some(("1-x", 1)), GRANTED)]).unwrap();
        let key = |text: &str, id: &str| AlterationKey {
            plugin: text.parse().unwrap(),
            id: id.parse().unwrap(),
        };
        let (entropy, reads) = (Permission::Entropy, "reads app:x".parse().unwrap());
        let table = [
            (key("a/b", "1-x"), 1, &entropy, Some(Covering::Exact)),
            (key("a/b", "1-x"), 2, &entropy, None),
            (key("a/b", "2-y"), 2, &entropy, Some(Covering::SamePlugin)),
            (key("a/c", "1-x"), 1, &entropy, None),
            (key("a/b", "1-x"), 1, &reads, None),
        ];
        for (key, byte, permission, expected) in table {
            let found = covering(&recorded, &key, Checksum::of(&[byte]), permission);
            assert_eq!(found, expected, "{key} {byte} {permission}");
        }
    }

    #[test]
    fn rows_that_were_edited_are_refused() {
        let table = [
            row("a", "entropy", Some(("1-x", 1)), GRANTED),
            row("a/b", "root", Some(("1-x", 1)), GRANTED),
            row("a/b", "entropy", None, GRANTED),
            row("a/b", "entropy", Some(("1-x", 1)), "given"),
        ];
        for cells in table {
            assert!(grants(vec![cells.clone()]).is_err(), "{cells:?}");
        }
    }
}
