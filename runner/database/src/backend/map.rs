//! `alteration_object`: which alteration made which object that is there now.
//!
//! A driver compares its catalogue before and after a hook ([`Owners::changes`]) and writes what became of the map in the
//! transaction of the hook, or has its server find and write the same in one statement.

use crate::{
    alteration::PluginName,
    backend::{
        BackendError,
        connection::{Cell, Connection},
        recorded::query,
        transaction::Own,
    },
};
use alteration_domain::record::{
    Changes, Object, Owners,
    tables::{OBJECT, OBJECT_SINCE},
};

/// Rows of one statement: few enough for the parameters of any database.
const ROWS_MAX: usize = 200;

/// Returns what writes `changes`; nothing where there are none.
pub fn write(changes: &Changes) -> Vec<Own> {
    let gone: Vec<&Object> = changes.gone.iter().collect();
    let deletes = gone.chunks(ROWS_MAX).map(|objects| {
        let condition = vec!["(kind = ? AND place = ? AND name = ?)"; objects.len()].join(" OR ");
        let params: Vec<Cell> = objects.iter().flat_map(|object| cells(object)).collect();
        Own::run(format!("DELETE FROM @object WHERE {condition}"), params)
    });
    let made: Vec<_> = changes.made.iter().collect();
    let inserts = made.chunks(ROWS_MAX).map(|rows| {
        let values = vec!["(?, ?, ?, ?, ?)"; rows.len()].join(", ");
        let params: Vec<Cell> = rows
            .iter()
            .flat_map(|(object, key)| {
                [Cell::text(key.plugin.as_str()), Cell::text(key.id.to_string())]
                    .into_iter()
                    .chain(cells(object))
            })
            .collect();
        let sql = format!("INSERT INTO @object (plugin, id, kind, place, name) VALUES {values}");
        Own::run(sql, params)
    });
    deletes.chain(inserts).collect()
}

fn cells(object: &Object) -> [Cell; 3] {
    [Cell::text(object.kind.as_str()), Cell::text(&object.place), Cell::text(&object.name)]
}

/// Returns what makes the objects of one plugin those of another, which took it over.
pub fn rename(from: &PluginName, to: &PluginName) -> Own {
    let sql = "UPDATE @object SET plugin = ? WHERE plugin = ?";
    Own::run(sql, [Cell::text(to.as_str()), Cell::text(from.as_str())])
}

/// Reads the map. Empty where the tables are of a version that had none.
pub async fn read(connection: &mut dyn Connection, version: i64) -> Result<Owners, BackendError> {
    if version < OBJECT_SINCE {
        return Ok(Owners::default());
    }
    Ok(Owners::read(query(connection, OBJECT.sql(version), []).await?)?)
}
