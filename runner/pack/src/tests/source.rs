//! The SQL of a component, as it is known before it runs: only where it is sure to be what runs.

use super::{
    super::{
        section,
        sql_name::SqlHook::{self, BeforeDown, BeforeUp, Down, Step, Up},
        sql_source::SqlSource,
    },
    bundle, options, pack_files,
};
use crate::alteration::{Dialect, MANIFEST_SECTION};

const FILES: [(&str, &[u8]); 8] = [
    ("1.0.0-1-a.up.sql", "CREATE TABLE a (t TEXT DEFAULT 'é\r\n');".as_bytes()),
    ("1.0.0-1-a.down.sql", b"DROP TABLE a;\n"),
    ("1.0.0-2-ab.up.sql", b"-- one way\n"),
    ("1.0.0-3-b.before-up.sql", b"CREATE INDEX CONCURRENTLY i ON a (t)"),
    ("1.0.0-3-b.before-down.sql", b"DROP INDEX CONCURRENTLY i"),
    ("1.0.0-4-c.step.sql", b"UPDATE a SET t = 1 WHERE t IS NULL"),
    ("1.0.0-5-d.up.sql", b"CREATE TABLE d (x)"),
    ("1.0.0-5-d.before-up.sql", b"VACUUM"),
];

fn file(id: &str, hook: SqlHook) -> &'static str {
    let name = format!("{id}{}.sql", hook.ending());
    let found = FILES.iter().find(|(file, _)| *file == name);
    found.map_or("", |(_, text)| str::from_utf8(text).unwrap())
}

#[test]
fn the_texts_are_those_of_the_files_alone_and_in_a_bundle() {
    let mut seen = 0;
    for options in [options(), bundle()] {
        for packed in pack_files(&FILES, &options).unwrap() {
            let source = SqlSource::of(&packed.bytes).expect("it is the runner's own");
            for declaration in &packed.manifest.alterations {
                for hook in [Up, Down, BeforeUp, BeforeDown, Step] {
                    assert_eq!(
                        source.text(&declaration.id, hook, Dialect::Mysql),
                        file(declaration.id.as_str(), hook)
                    );
                    seen += 1;
                }
            }
            assert_eq!(source.text(&"9-x".parse().unwrap(), Up, Dialect::Sqlite), "");
        }
    }
    assert_eq!(seen, 2 * 5 * 5);
}

#[test]
fn one_byte_that_differs_and_nothing_is_known() {
    let packed = pack_files(&FILES[..2], &options()).unwrap().remove(0).bytes;
    let plain = section::strip(&packed, MANIFEST_SECTION).unwrap();
    assert!(SqlSource::of(&plain).is_some(), "a manifest is not what runs");
    let (section, module) = section::first_module(&plain).unwrap();
    let texts = section.end - module.len()..section.end;
    let text = |part: &[u8]| {
        let at = plain.windows(part.len()).position(|window| window == part).unwrap();
        at..at + part.len()
    };
    let within =
        [text(b"CREATE TABLE a (t TEXT DEFAULT '"), text(b"DROP TABLE a;\n"), text(b"1.0.0-1-a")];
    for at in 0..plain.len() {
        let mut changed = plain.clone();
        changed[at] ^= 1;
        let source = SqlSource::of(&changed);
        if within.iter().any(|text| text.contains(&at)) {
            // Another text of the same length is another component of the runner's.
            continue;
        }
        assert!(source.is_none() || texts.contains(&at), "byte {at}");
        if let Some(source) = source {
            let id = "1.0.0-1-a".parse().unwrap();
            let text = source.text(&id, Up, Dialect::Sqlite);
            assert_ne!(text, file("1.0.0-1-a", Up), "byte {at}");
        }
    }
}

#[test]
fn other_bytes_are_not_known_and_do_no_harm() {
    let packed = pack_files(&FILES, &bundle()).unwrap().remove(0).bytes;
    for length in 0..packed.len() {
        assert!(length == 0 || SqlSource::of(&packed[..length]).is_none() || length > 1_000);
    }
    // A custom section is no code; a second component's worth of sections is.
    let mut longer = packed.clone();
    longer.extend_from_slice(&[0, 2, 1, b'x']);
    assert!(SqlSource::of(&longer).is_none());
    for bytes in [&b""[..], b"\0asm\x0d\0\x01\0", b"\0asm\x01\0\0\0", b"hello"] {
        assert!(SqlSource::of(bytes).is_none());
    }
}
