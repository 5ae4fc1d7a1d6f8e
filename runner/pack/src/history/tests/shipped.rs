//! Components that were shipped: what packing again leaves as it is.

use super::{Files, add, folder, options};
use crate::{Existing, PackError, PackOptions, PackedComponent, pack, write};
use std::{fs, path::Path};

/// Packs into a folder, as the command does.
fn pack_into(source: &Path, out: &Path, bundle: bool) -> Result<Vec<PackedComponent>, PackError> {
    let shipped = Some(out.to_owned());
    let options = PackOptions { shipped, bundle, ..options(None) };
    let packed = pack(source, &options)?;
    write(&packed, out, Existing::Keep)?;
    Ok(packed)
}

#[test]
fn what_was_packed_stays_when_files_are_added() {
    let first: Files<'_> = &[
        ("V1__a.sql", "A"),
        ("V1.1__b.sql", "B"),
        ("R__v.sql", "create or replace view v as select 1"),
    ];
    let more: Files<'_> = &[
        ("V1.2__c.sql", "C"),
        ("V1.0.5__late.sql", "L"),
        ("R__w.sql", "create or replace view w as select 2"),
    ];
    let (source, out) = (folder(first), tempfile::tempdir().unwrap());
    let before = pack_into(source.path(), out.path(), false).unwrap();
    add(source.path(), more);
    let after = pack_into(source.path(), out.path(), false).unwrap();
    let names = |packed: &[PackedComponent]| -> Vec<String> {
        packed.iter().map(|p| p.file_name.clone()).collect()
    };
    assert_eq!(before.len(), 3);
    // The view is as it was: no alteration is added for it.
    assert_eq!(after.len(), 5, "{:?}", names(&after));
    for component in before.iter().filter(|c| !c.file_name.contains("R__")) {
        let same = after.iter().find(|c| c.file_name == component.file_name).unwrap();
        assert_eq!(same.bytes, component.bytes, "{}", component.file_name);
    }
    // Changed, and changed back, it comes after all that was there.
    for text in ["create or replace view v as select 3", "create or replace view v as select 1"] {
        fs::write(source.path().join("R__v.sql"), text).unwrap();
        let newest = pack_into(source.path(), out.path(), false).unwrap();
        let last = newest.last().unwrap();
        assert!(last.file_name.contains("-R__v-"), "{:?}", names(&newest));
        assert_eq!(pack_into(source.path(), out.path(), false).unwrap().len(), newest.len() - 1);
    }
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 8);
    let error = pack_into(source.path(), out.path(), true).unwrap_err().to_string();
    assert!(error.contains("cannot grow; pack without `--bundle`"), "{error}");
}
