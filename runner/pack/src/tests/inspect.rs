//! What `inspect` tells about components and modules, sound and not.

use super::{
    super::{
        InspectError, Interface, ManifestFound, Producer, inspect,
        section::{self, Kind, SectionError},
    },
    module::{core_module, module_section},
    small_component,
};
use crate::alteration::{Checksum, MANIFEST_SECTION, Permission};

fn interface(name: &str, functions: &[&str]) -> Interface {
    Interface {
        name: name.to_owned(),
        functions: functions.iter().map(|&name| name.to_owned()).collect(),
    }
}

#[test]
fn a_component() {
    let bytes = small_component();
    let found = inspect(&bytes).unwrap();
    assert_eq!(found.kind, Kind::Component);
    assert_eq!(found.size_bytes, bytes.len());
    assert_eq!(found.component_checksum, Checksum::of(&bytes));
    assert!(matches!(&found.manifest, ManifestFound::Valid(m) if m.plugin.as_str() == "acme/shop"));
    assert_eq!(
        found.imports,
        [
            interface("runner:alteration/types@0.1.0", &[]),
            interface("runner:alteration/database@0.1.0", &["execute-script"]),
        ]
    );
    assert_eq!(found.exports, [interface("runner:alteration/hooks@0.1.0", &["up", "down"])]);
    let sql = Producer { field: "language".into(), name: "SQL".into(), version: String::new() };
    assert_eq!(found.producers, [sql]);
    assert!(!found.core_module_sizes_bytes.is_empty());
    assert!(found.core_module_sizes_bytes.iter().all(|&size| size > 8 && size < bytes.len()));
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["kind"], "component");
    assert_eq!(json["manifest"]["valid"]["plugin"], "acme/shop");
}

#[test]
fn permissions_come_from_the_manifest() {
    let manifest =
        br#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","permissions":["entropy"]}]}"#;
    let found = inspect(&section::append(&small_component(), manifest).unwrap()).unwrap();
    assert_eq!(found.permissions.into_iter().collect::<Vec<_>>(), [Permission::Entropy]);
}

#[test]
fn a_manifest_that_cannot_be_used_does_not_hide_the_rest() {
    let stripped = section::strip(&small_component(), MANIFEST_SECTION).unwrap();
    assert_eq!(inspect(&stripped).unwrap().manifest, ManifestFound::Absent);

    let broken = section::append(&stripped, b"{}").unwrap();
    let doubled = module_section(module_section(stripped, b"{}"), b"{}");
    for (bytes, expected) in [(broken, "missing field"), (doubled, "more than one")] {
        let found = inspect(&bytes).unwrap();
        let ManifestFound::Invalid(why) = &found.manifest else { panic!("{:?}", found.manifest) };
        assert!(why.contains(expected), "{why}");
        assert_eq!(found.exports.len(), 1);
    }
}

#[test]
fn a_core_module() {
    let found = inspect(&core_module()).unwrap();
    assert_eq!(found.kind, Kind::Module);
    assert_eq!(found.manifest, ManifestFound::Absent);
    assert_eq!(found.imports, [interface("runner:alteration/database@0.1.0", &["execute-script"])]);
    assert!(found.exports.contains(&interface("runner:alteration/hooks@0.1.0#up", &[])));
}

#[test]
fn damage_is_an_error() {
    assert!(matches!(inspect(b"text"), Err(InspectError::Section(SectionError::NotWasm(_)))));
    let bytes = small_component();
    for length in 0..bytes.len() {
        // What is cut between two sections may still be a component, but not this one.
        if let Ok(found) = inspect(&bytes[..length]) {
            assert_ne!(found.component_checksum, Checksum::of(&bytes));
            assert_eq!(found.manifest, ManifestFound::Absent);
        }
    }
    let mut flipped = bytes;
    for at in 0..flipped.len() {
        flipped[at] ^= 0x55;
        let _ = inspect(&flipped);
        flipped[at] ^= 0x55;
    }
}
