//! What the alterations of a catalog make on MySQL and MariaDB, for a comparison with a lock file.

use crate::{
    alteration::{Alteration, Catalog, Checksum},
    pack::{self, Creates},
    source::{self, SourceError},
};
use std::collections::BTreeMap;

/// Fills in what each alteration makes, also by its SQL. Reads each component again.
pub(crate) fn with_creates(catalog: Catalog) -> Result<Catalog, SourceError> {
    let mut known: BTreeMap<Checksum, Creates> = BTreeMap::new();
    catalog.creating(|alteration: &Alteration| {
        let checksum = alteration.component_checksum;
        if !known.contains_key(&checksum) {
            let bytes = source::read_component(&alteration.path, checksum)?;
            known.insert(checksum, pack::creates(&bytes));
        }
        Ok(known.get(&checksum).map(|it| it.of(&alteration.key.id)).unwrap_or_default())
    })
}
