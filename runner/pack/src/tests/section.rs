//! The manifest section, read from bytes of every kind of damage.

use super::{
    super::section::{Guess, Kind, SectionError, append, embedded_manifest, kind, manifest, strip},
    small_component,
};
use crate::alteration::{MANIFEST_BYTES_MAX, MANIFEST_SECTION};
use alteration_domain::section::{HEADER_LEN, Section, Sections};
use wasm_encoder::{
    Component, CustomSection, Encode, Module, ModuleSection, RawSection, Section as _,
};
use wasmparser::{BinaryReader, BinaryReaderError};

/// What reading a manifest gives.
type Found<'a> = Result<Option<&'a [u8]>, SectionError>;

const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

fn custom(name: &str, data: &[u8]) -> Vec<u8> {
    let section = CustomSection { name: name.into(), data: data.into() };
    let mut bytes = vec![section.id()];
    section.encode(&mut bytes);
    bytes
}

fn with(start: &[u8], sections: &[Vec<u8>]) -> Vec<u8> {
    [start, &sections.concat()].concat()
}

fn nesting(modules: &[&[u8]]) -> Vec<u8> {
    let mut component = Component::new();
    for bytes in modules {
        let mut module = Module::new();
        if !bytes.is_empty() {
            let section = CustomSection { name: MANIFEST_SECTION.into(), data: (*bytes).into() };
            module.section(&section);
        }
        component.section(&ModuleSection(&module));
    }
    component.finish()
}

#[test]
fn kinds() {
    let table: [(&[u8], Result<Kind, SectionError>); 12] = [
        (MODULE, Ok(Kind::Module)),
        (COMPONENT, Ok(Kind::Component)),
        (b"", Err(SectionError::NotWasm(Guess::Empty))),
        (b"SELECT 1", Err(SectionError::NotWasm(Guess::Text))),
        (b"x", Err(SectionError::NotWasm(Guess::Text))),
        (b"(component)", Err(SectionError::NotWasm(Guess::Text))),
        (b"\x1f\x8b\x08\0\0\0\0\0", Err(SectionError::NotWasm(Guess::Gzip))),
        (b"PK\x03\x04....", Err(SectionError::NotWasm(Guess::Zip))),
        (b"\x7fELF\x02\x01\x01\0", Err(SectionError::NotWasm(Guess::Elf))),
        (b"\0\0\0\0\0\0\0\0", Err(SectionError::NotWasm(Guess::Unknown))),
        (b"\0asm\x02\0\0\0", Err(SectionError::UnknownVersion([2, 0, 0, 0]))),
        (b"\0asm\x0c\0\x01\0", Err(SectionError::UnknownVersion([12, 0, 1, 0]))),
    ];
    for (bytes, expected) in table {
        assert_eq!(kind(bytes), expected, "{bytes:?}");
    }
    for length in 4..8 {
        assert!(matches!(kind(&MODULE[..length]), Err(SectionError::Malformed { .. })));
    }
    let mut cut_in_a_character = vec![b' '; 511];
    cut_in_a_character.extend("é".bytes());
    assert_eq!(kind(&cut_in_a_character), Err(SectionError::NotWasm(Guess::Text)));
}

#[test]
fn manifests() {
    let other = || custom("name", b"");
    let one = || custom(MANIFEST_SECTION, b"{}");
    let table: [(Vec<u8>, Found<'_>); 8] = [
        (with(COMPONENT, &[]), Ok(None)),
        (with(COMPONENT, &[other()]), Ok(None)),
        (with(COMPONENT, &[other(), one(), other()]), Ok(Some(b"{}"))),
        (with(COMPONENT, &[one(), one()]), Err(SectionError::Doubled)),
        (with(COMPONENT, &[one(), other(), one()]), Err(SectionError::Doubled)),
        (with(COMPONENT, &[custom("runner:manifest2", b"{}")]), Ok(None)),
        (with(MODULE, &[one()]), Err(SectionError::CoreModule)),
        (nesting(&[b"{}"]), Ok(None)),
    ];
    for (bytes, expected) in table {
        assert_eq!(manifest(&bytes), expected, "{bytes:?}");
    }
}

#[test]
fn nothing_is_believed_about_sizes() {
    let large = vec![b' '; MANIFEST_BYTES_MAX + 1];
    let bytes = with(COMPONENT, &[custom(MANIFEST_SECTION, &large)]);
    assert_eq!(manifest(&bytes), Err(SectionError::TooLarge(large.len())));
    assert_eq!(append(COMPONENT, &large), Err(SectionError::TooLarge(large.len())));
    let largest = with(COMPONENT, &[custom(MANIFEST_SECTION, &large[1..])]);
    assert_eq!(manifest(&largest).unwrap().unwrap().len(), MANIFEST_BYTES_MAX);

    let table: [&[u8]; 6] = [
        // A section of 4 GiB that is not there; a number that has no end; one of more than 32 bits.
        b"\0\xff\xff\xff\xff\x0f",
        b"\0\x80\x80\x80\x80\x80\x80\x80",
        b"\0\xff\xff\xff\xff\x7f",
        // A custom section without a name; with a name longer than itself; with a name that is not UTF-8.
        b"\0\0",
        b"\0\x02\x7fx",
        b"\0\x02\x01\xff",
    ];
    for section in table {
        let bytes = [COMPONENT, section].concat();
        let found = manifest(&bytes);
        assert!(matches!(found, Err(SectionError::Malformed { .. })), "{section:?}: {found:?}");
        assert!(append(&bytes, b"{}").is_err());
    }
}

#[test]
fn every_truncation_is_an_error_or_has_no_manifest() {
    let bytes = small_component();
    let whole = manifest(&bytes).unwrap().unwrap();
    assert!(!whole.is_empty());
    for length in 0..bytes.len() {
        // The manifest is the last section, so nothing shorter has it.
        let found = manifest(&bytes[..length]);
        assert!(matches!(found, Err(_) | Ok(None)), "{length}: {found:?}");
        let _ = embedded_manifest(&bytes[..length]);
        let _ = append(&bytes[..length], b"{}");
    }
}

#[test]
fn no_flipped_bit_panics() {
    let mut bytes = small_component();
    let mut noticed = 0;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            noticed += u32::from(manifest(&bytes).is_err());
            let _ = embedded_manifest(&bytes);
            let _ = strip(&bytes, MANIFEST_SECTION);
            bytes[at] ^= 1 << bit;
        }
    }
    assert!(noticed > 64, "the header alone has 64 bits that matter: {noticed}");
}

#[test]
fn appending_replaces() {
    let mut bytes =
        with(COMPONENT, &[custom("a", b"1"), custom(MANIFEST_SECTION, b"old"), custom("b", b"2")]);
    let expected =
        with(COMPONENT, &[custom("a", b"1"), custom("b", b"2"), custom(MANIFEST_SECTION, b"new")]);
    for _ in 0..2 {
        bytes = append(&bytes, b"new").unwrap();
        assert_eq!(bytes, expected);
    }
    assert_eq!(append(MODULE, b"{}"), Err(SectionError::CoreModule));
}

#[test]
fn sections_that_are_not_custom_stay_byte_for_byte() {
    // A size written in more bytes than it needs, as linkers do that patch it later.
    let padded = b"\x07\x81\x80\0\0".to_vec();
    let bytes = with(COMPONENT, &[padded.clone(), custom(MANIFEST_SECTION, b"old")]);
    let expected = with(COMPONENT, &[padded, custom(MANIFEST_SECTION, b"new")]);
    assert_eq!(append(&bytes, b"new"), Ok(expected));
}

#[test]
fn embedded_manifests() {
    let table: [(Vec<u8>, Found<'_>); 6] = [
        (with(MODULE, &[custom(MANIFEST_SECTION, b"{}")]), Ok(Some(b"{}"))),
        (with(MODULE, &[]), Ok(None)),
        (nesting(&[b"", b"{}", b""]), Ok(Some(b"{}"))),
        (nesting(&[b"{}", b"{}"]), Err(SectionError::Doubled)),
        (with(COMPONENT, &[custom(MANIFEST_SECTION, b"{}")]), Ok(None)),
        (
            {
                let mut component = Component::new();
                component.section(&RawSection { id: 1, data: b"no module" });
                component.finish()
            },
            Err(SectionError::NotWasm(Guess::Text)),
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(embedded_manifest(&bytes), expected);
    }
}

/// Every section's id, and the name and length of a custom one; an offset and a text for what is malformed.
type Walked = Vec<Result<(u8, Option<(String, usize)>), (usize, String)>>;

fn walked(bytes: &[u8]) -> Walked {
    let one = |section: Result<Section<'_>, SectionError>| {
        let section = section?;
        let custom = section.custom()?;
        Ok((section.id, custom.map(|(name, contents)| (name.to_owned(), contents.len()))))
    };
    let malformed = |error| match error {
        SectionError::Malformed { offset, message } => (offset, message),
        error => panic!("{error}"),
    };
    Sections::of(bytes).map(|section| one(section).map_err(malformed)).collect()
}

/// The same by `wasmparser`.
fn walked_by_wasmparser(bytes: &[u8]) -> Walked {
    let mut reader = BinaryReader::new(&bytes[HEADER_LEN..], HEADER_LEN);
    let mut walked = Walked::new();
    while !reader.eof() {
        let mut one = || {
            let id = reader.read_u8()?;
            let size = reader.read_var_u32()? as usize;
            let at = reader.original_position();
            Ok((id, at, reader.read_bytes(size)?))
        };
        let custom = |(id, at, contents): (u8, usize, &[u8])| {
            let mut reader = BinaryReader::new(contents, at);
            let name = (id == 0).then(|| reader.read_string().map(str::to_owned)).transpose()?;
            Ok((id, name.map(|name| (name, reader.bytes_remaining()))))
        };
        let malformed = |error: BinaryReaderError| (error.offset(), error.message().to_owned());
        match one().map_err(malformed) {
            Ok(section) => walked.push(custom(section).map_err(malformed)),
            Err(error) => {
                walked.push(Err(error));
                break;
            }
        }
    }
    walked
}

/// The domain reads sections by itself, so that what embeds it needs no parser of WebAssembly.
#[test]
fn sections_are_read_as_wasmparser_reads_them() {
    let whole =
        with(COMPONENT, &[custom("é", b"12"), b"\x07\x81\x80\0\0".to_vec(), custom("", b"")]);
    let long = with(COMPONENT, &[custom(&"n".repeat(100_001), b"")]);
    let mut texts = vec![whole.clone(), long, small_component()];
    texts.extend((HEADER_LEN..whole.len()).map(|length| whole[..length].to_vec()));
    for at in HEADER_LEN..whole.len() {
        for byte in 0..=u8::MAX {
            let mut changed = whole.clone();
            changed[at] = byte;
            texts.push(changed);
        }
    }
    // Numbers of every length, with every last byte.
    for length in 0..6 {
        for last in 0..=u8::MAX {
            texts.push([COMPONENT, b"\0", &vec![0xff; length], &[last, 0, 0]].concat());
            texts.push([COMPONENT, b"\0", &vec![0x80; length], &[last, 0, 0]].concat());
        }
    }
    let mut malformed = std::collections::BTreeSet::new();
    for bytes in &texts {
        let found = walked(bytes);
        assert_eq!(found, walked_by_wasmparser(bytes), "{bytes:?}");
        malformed.extend(found.into_iter().filter_map(|one| Some(one.err()?.1)));
    }
    assert_eq!(malformed.len(), 5, "each error was seen: {malformed:?}");
}
