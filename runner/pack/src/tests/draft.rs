//! The mark of a draft: made, found and taken away in bytes of every kind; and what packing and writing make of it.

use super::{
    super::{
        Existing, Outcome, PackError, PackOptions, SqlSource, WriteError,
        draft::{DRAFT_SECTION, is_draft, mark, release},
        section::{SectionError, manifest},
        write,
    },
    folder, options, pack, pack_files, small_component,
};
use crate::{SqlHook, alteration::AlterationId};
use std::fs;
use wasm_encoder::{
    Component, CustomSection, Encode, Module, ModuleSection, NestedComponentSection, Section as _,
};

fn custom(name: &str, data: &[u8]) -> Vec<u8> {
    let section = CustomSection { name: name.into(), data: data.into() };
    let mut bytes = vec![section.id()];
    section.encode(&mut bytes);
    bytes
}

fn with(sections: &[&[u8]]) -> Vec<u8> {
    [&b"\0asm\x0d\0\x01\0"[..], &sections.concat()].concat()
}

#[test]
fn marking_and_releasing() {
    let plain = small_component();
    let marked = mark(&plain).unwrap();
    assert_eq!(marked, [&plain[..], b"\0\x0d\x0crunner:draft"].concat());
    assert_eq!(mark(&marked).unwrap(), marked, "one mark, and no more");
    assert!(is_draft(&marked).unwrap() && !is_draft(&plain).unwrap());
    assert_eq!(release(&marked).unwrap(), plain, "byte for byte");
    assert_eq!(release(&plain).unwrap(), plain);
    assert_eq!(manifest(&marked), manifest(&plain));
}

#[test]
fn found_and_taken_away_wherever_it_is() {
    let (a, b, one) = (custom("a", b"1"), custom("b", b"2"), custom(DRAFT_SECTION, b""));
    let plain = with(&[&a, &b]);
    // A size written in more bytes than it needs.
    let padded = [&b"\0\x8d\x80\0\x0c"[..], DRAFT_SECTION.as_bytes()].concat();
    for marked in [
        with(&[&one, &a, &b]),
        with(&[&a, &one, &b]),
        with(&[&a, &b, &one]),
        with(&[&a, &padded, &b]),
    ] {
        assert_eq!(is_draft(&marked), Ok(true), "{marked:?}");
        assert_eq!(release(&marked).unwrap(), plain, "{marked:?}");
        assert_eq!(mark(&marked).unwrap(), with(&[&a, &b, &one]), "{marked:?}");
    }
}

#[test]
fn what_is_no_mark() {
    let (one, filled) = (custom(DRAFT_SECTION, b""), custom(DRAFT_SECTION, b"x"));
    let nested_module = {
        let mut module = Module::new();
        module.section(&CustomSection { name: DRAFT_SECTION.into(), data: (&[]).into() });
        let mut component = Component::new();
        component.section(&ModuleSection(&module));
        component.finish()
    };
    let nested_component = {
        let mut inner = Component::new();
        inner.section(&CustomSection { name: DRAFT_SECTION.into(), data: (&[]).into() });
        let mut component = Component::new();
        component.section(&NestedComponentSection(&inner));
        component.finish()
    };
    let table = [
        (with(&[&one, &one]), Err(SectionError::DraftDoubled)),
        (with(&[&one, &custom("a", b""), &one]), Err(SectionError::DraftDoubled)),
        (with(&[&filled]), Err(SectionError::DraftNotEmpty(1))),
        (with(&[&one, &filled]), Err(SectionError::DraftNotEmpty(1))),
        (with(&[&custom("runner:draft2", b""), &custom("runner:draf", b"t")]), Ok(false)),
        (nested_module, Ok(false)),
        (nested_component, Ok(false)),
        (b"\0asm\x01\0\0\0".to_vec(), Err(SectionError::CoreModule)),
    ];
    for (bytes, expected) in table {
        assert_eq!(is_draft(&bytes), expected, "{bytes:?}");
        match &expected {
            Ok(_) => assert_eq!(release(&bytes).unwrap(), bytes),
            Err(error) => assert_eq!(release(&bytes).unwrap_err(), *error),
        }
    }
    assert_eq!(mark(b"\0asm\x01\0\0\0"), Err(SectionError::CoreModule));
    for damaged in [&b"\0asm"[..], b"SELECT 1", b"\0asm\x0d\0\x01\0\0\xff\xff\xff\xff\x0f"] {
        assert!(is_draft(damaged).is_err() && release(damaged).is_err() && mark(damaged).is_err());
    }
}

#[test]
fn no_flipped_bit_panics() {
    let mut bytes = mark(&small_component()).unwrap();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            let released = release(&bytes).map(|released| released.len());
            assert_eq!(is_draft(&bytes), released.map(|length| length < bytes.len()));
            let _ = mark(&bytes);
            bytes[at] ^= 1 << bit;
        }
    }
}

#[test]
fn the_sql_of_a_draft_is_known() {
    let source = SqlSource::of(&mark(&small_component()).unwrap()).unwrap();
    let id: AlterationId = "1-x".parse().unwrap();
    assert_eq!(source.text(&id, SqlHook::Up, crate::alteration::Dialect::Sqlite), "SELECT 1");
}

#[test]
fn packing() {
    let sources: [(&str, &[u8]); 2] =
        [("1.0.0-1-x.sql", b"SELECT 1"), ("1.0.0-2-y.sql", b"SELECT 2")];
    let released = pack_files(&sources, &options()).unwrap();
    let drafts = pack_files(&sources, &PackOptions { draft: true, ..options() }).unwrap();
    for (released, draft) in released.iter().zip(&drafts) {
        assert_eq!(draft.file_name, released.file_name);
        assert_eq!(release(&draft.bytes).unwrap(), released.bytes);
        assert_eq!(is_draft(&draft.bytes), Ok(true));
    }
    // Packed again, a draft stays one, its mark at the end.
    let folder = folder(&[("x.wasm", &drafts[0].bytes), ("y.wasm", &released[0].bytes)]);
    let again = pack(&folder.path().join("x.wasm"), &PackOptions::default()).unwrap();
    assert_eq!(again[0].bytes, drafts[0].bytes);
    let by_release = PackOptions { name_by_release: true, draft: true, ..PackOptions::default() };
    let made = pack(&folder.path().join("y.wasm"), &by_release).unwrap();
    assert_eq!((&made[0].file_name[..], &made[0].bytes), ("shop-1.0.0.wasm", &drafts[0].bytes));
}

#[test]
fn a_draft_is_replaced_freely_and_replaces_no_release() {
    let source = |sql: &'static str| [("1-x.sql", sql.as_bytes())];
    let drafts = PackOptions { draft: true, ..options() };
    let one = pack_files(&source("SELECT 1"), &drafts).unwrap();
    let other = pack_files(&source("SELECT 2"), &drafts).unwrap();
    let released = pack_files(&source("SELECT 1"), &options()).unwrap();
    let folder = folder(&[]);
    let write = |made, existing| {
        write(made, folder.path(), existing).map(|written| written.components[0].outcome)
    };
    assert_eq!(write(&one, Existing::Keep).unwrap(), Outcome::Created);
    assert_eq!(write(&other, Existing::Keep).unwrap(), Outcome::Replaced);
    assert_eq!(write(&other, Existing::Keep).unwrap(), Outcome::Unchanged);
    let error = write(&released, Existing::Keep).unwrap_err();
    assert!(matches!(error, PackError::Write(WriteError::Exists { .. })), "{error}");
    assert_eq!(write(&released, Existing::Replace).unwrap(), Outcome::Replaced);
    for draft in [&one, &other] {
        for existing in [Existing::Keep, Existing::Replace] {
            let error = write(draft, existing).unwrap_err();
            assert!(matches!(error, PackError::Write(WriteError::Released { .. })), "{error}");
        }
    }
    assert_eq!(fs::read(folder.path().join("1-x.wasm")).unwrap(), released[0].bytes);
}
