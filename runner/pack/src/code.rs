//! The code of a component: everything in it that can run, and nothing that only describes it.
//!
//! A plugin that is renamed gets another manifest, and with it other bytes, while its code stays. Custom sections have no
//! meaning for what a component does, at its top level and inside its modules alike. Pure; compiles nothing.

use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload};

/// Returns whether two components differ in custom sections only. False where one cannot be read.
pub fn is_same_code(one: &[u8], other: &[u8]) -> bool {
    match (digest(one), digest(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// Hashes the sections, each with its kind and its length; modules and components are gone through in their place.
fn digest(component: &[u8]) -> Option<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut part = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::CustomSection(_) => {}
            Payload::Version { num, range, .. } => {
                part(BEGINS, &num.to_le_bytes());
                part(BEGINS, component.get(range)?);
            }
            // What is in them comes next, one payload after the other.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => part(NESTED, &[]),
            Payload::End(_) => part(ENDS, &[]),
            other => {
                if let Some((kind, range)) = other.as_section() {
                    part(kind, component.get(range)?);
                }
            }
        }
    }
    Some(hash.finalize().into())
}

/// No section has these numbers.
const BEGINS: u8 = 0xfd;
const NESTED: u8 = 0xfe;
const ENDS: u8 = 0xff;
