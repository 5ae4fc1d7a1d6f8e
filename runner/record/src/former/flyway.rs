//! Flyway: a row for each run of a script, of several types.

use super::{
    Former, FormerError,
    tool::{Ledger, Row},
};

pub(super) const LEDGER: Ledger = Ledger {
    table: "flyway_schema_history",
    columns: &["version", "success", "type", "installed_rank"],
    not: None,
    version: "version",
    holds: "success",
    kind: "type",
    order: "installed_rank",
    take,
};

fn take(former: &mut Former, Row { version, holds, kind }: Row) -> Result<(), FormerError> {
    match version {
        version if !holds => {
            return Err(FormerError::broken(
                former,
                version.unwrap_or_else(|| "a repeatable one".to_owned()),
            ));
        }
        Some(version) if kind == "DELETE" || kind.starts_with("UNDO") => {
            former.applied.retain(|known| *known != version);
        }
        Some(version) if kind.contains("BASELINE") => former.up_to = Some(version),
        None if kind != "SCHEMA" => former.repeatables += 1,
        Some(version) if kind != "SCHEMA" => former.applied.push(version),
        _ => {}
    }
    Ok(())
}
