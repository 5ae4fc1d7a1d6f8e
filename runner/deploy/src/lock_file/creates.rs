//! What the alterations of a catalog make on MySQL and MariaDB, for a comparison with a lock file.

use crate::{
    alteration::{Alteration, Catalog, Checksum},
    pack::{self, Creates},
    source::{self, SourceError},
};
use std::collections::{BTreeMap, btree_map::Entry};

/// Fills in what each alteration makes, also by its SQL. Reads each component again.
pub(crate) fn with_creates(catalog: Catalog) -> Result<Catalog, SourceError> {
    let mut known: BTreeMap<Checksum, Creates> = BTreeMap::new();
    catalog.creating(|alteration: &Alteration| {
        let checksum = alteration.component_checksum;
        let creates = match known.entry(checksum) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let bytes = source::read_component(&alteration.path, checksum)?;
                entry.insert(pack::creates(&bytes))
            }
        };
        Ok(creates.of(&alteration.key.id))
    })
}
