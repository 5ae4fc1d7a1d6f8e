//! SQL components: what they carry, that they run, that they are the same every time.

use super::{
    super::section,
    bundle,
    guest::{ErrorKind, Guest, HookError},
    options, pack_files,
};
use crate::alteration::{Checksum, Manifest};
use wasmparser::Validator;

const TWO: [(&str, &[u8]); 3] = [
    ("1.0.0-1-a.up.sql", "CREATE TABLE a (t TEXT DEFAULT 'é\r\n');".as_bytes()),
    ("1.0.0-1-a.down.sql", b"DROP TABLE a;\n"),
    ("1.0.0-2-ab.up.sql", b"-- one way\n"),
];

fn error() -> HookError {
    HookError {
        kind: ErrorKind::Constraint,
        message: "duplicate key \u{1f980}".repeat(50),
        sqlstate: Some("23505".to_owned()),
        constraint: None,
        retryable: true,
    }
}

#[test]
fn hooks_hand_over_the_exact_bytes() {
    for options in [options(), bundle()] {
        for packed in pack_files(&TWO, &options).unwrap() {
            Validator::new().validate_all(&packed.bytes).unwrap();
            let guest = Guest::new(&packed.bytes);
            for declaration in &packed.manifest.alterations {
                let id = declaration.id.as_str();
                for hook in ["up", "down"] {
                    let name = format!("{id}.{hook}.sql");
                    let sql = TWO.iter().find(|(file, _)| *file == name).map(|(_, sql)| *sql);
                    let called = guest.call(hook, id, Ok(()));
                    match sql {
                        Some(sql) => {
                            assert_eq!(called.returned.unwrap(), Ok(()));
                            assert_eq!(called.received, [str::from_utf8(sql).unwrap()]);
                        }
                        None => {
                            assert!(declaration.irreversible && called.returned.is_err());
                            assert!(called.received.is_empty());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_database_error_comes_back_whole() {
    let packed = pack_files(&TWO, &bundle()).unwrap();
    let guest = Guest::new(&packed[0].bytes);
    for hook in ["up", "down"] {
        let called = guest.call(hook, "1.0.0-1-a", Err(error()));
        assert_eq!(called.returned.unwrap(), Err(error()));
    }
    // Larger than the memory it starts with, so it has to grow.
    let long = HookError { message: "x".repeat(1 << 20), ..error() };
    let called = guest.call("up", "1.0.0-2-ab", Err(long.clone()));
    assert_eq!(called.returned.unwrap(), Err(long.clone()));
    // And memory it is not given is a trap, not a wrong answer.
    let called = guest.call_limited("up", "1.0.0-2-ab", Err(long), 1 << 19);
    let error = format!("{:?}", called.returned.unwrap_err());
    assert!(error.contains("unreachable"), "{error}");
}

#[test]
fn an_unknown_id_traps() {
    for options in [options(), bundle()] {
        for packed in pack_files(&TWO, &options).unwrap() {
            let guest = Guest::new(&packed.bytes);
            for id in ["", "1.0.0-1", "1.0.0-1-b", "1.0.0-2-abc", "2.0.0-2-ab"] {
                let called = guest.call("up", id, Ok(()));
                assert!(called.returned.is_err() && called.received.is_empty(), "{id}");
            }
        }
    }
}

#[test]
fn packing_twice_gives_the_same_bytes() {
    let reversed: Vec<_> = TWO.into_iter().rev().collect();
    for options in [options(), bundle()] {
        let first = pack_files(&TWO, &options).unwrap();
        let second = pack_files(&reversed, &options).unwrap();
        assert_eq!(first.len(), second.len());
        for (first, second) in first.iter().zip(&second) {
            assert_eq!(first.file_name, second.file_name);
            assert_eq!(first.bytes, second.bytes);
        }
    }
}

#[test]
fn nothing_of_the_libraries_versions_is_in_the_bytes() {
    let packed = pack_files(&TWO, &bundle()).unwrap();
    let text = String::from_utf8_lossy(&packed[0].bytes).into_owned();
    for tool in ["wit-component", "processed-by", "0.254"] {
        assert!(!text.contains(tool), "{tool}");
    }
}

#[test]
fn manifests() {
    let one = pack_files(&TWO, &options()).unwrap();
    assert_eq!(one.len(), 2);
    assert_eq!(one[0].manifest.alterations[0].checksum, None);
    assert!(!one[0].manifest.alterations[0].irreversible);
    assert!(one[1].manifest.alterations[0].irreversible);

    let all = pack_files(&TWO, &bundle()).unwrap();
    let checksums: Vec<_> = all[0].manifest.alterations.iter().map(|a| a.checksum).collect();
    assert_eq!(checksums[0], Some(Checksum::of_parts([TWO[0].1, TWO[1].1])));
    assert_eq!(checksums[1], Some(Checksum::of_parts([TWO[2].1])));

    for packed in one.iter().chain(&all) {
        let json = section::manifest(&packed.bytes).unwrap().unwrap();
        assert_eq!(Manifest::parse(json).unwrap(), packed.manifest);
    }
}

#[test]
fn settings_reach_the_manifest() {
    let toml = br#"
        plugin = "acme/crm"
        dialects = ["postgresql"]
        [requires]
        "acme/core" = ">=1.2.0"
        [alterations.1-x]
        description = "Why."
    "#;
    let files: [(&str, &[u8]); 2] = [("alteration.toml", toml), ("1-x.sql", b"SELECT 1")];
    let packed = pack_files(&files, &Default::default()).unwrap();
    let json = String::from_utf8(packed[0].manifest.to_json()).unwrap();
    assert_eq!(
        json,
        r#"{"manifest":1,"plugin":"acme/crm","requires":{"acme/core":">=1.2.0"},"dialects":["postgresql"],"alterations":[{"id":"1-x","description":"Why.","irreversible":true}]}"#
    );
}

#[test]
fn a_new_requirement_leaves_older_components_as_they_are() {
    let before: &[(&str, &[u8])] = &[("1.0.0-1-x.up.sql", b"SELECT 1")];
    let after: &[(&str, &[u8])] = &[
        ("1.0.0-1-x.up.sql", b"SELECT 1"),
        ("1.1.0-2-y.up.sql", b"SELECT 2"),
        (
            "alteration.toml",
            b"plugin = 'acme/shop'\n[alterations.'1.1.0-2-y']\nrequires = { 'acme/core' = '>=2' }",
        ),
    ];
    let before = pack_files(before, &options()).unwrap();
    let after = pack_files(after, &options()).unwrap();
    assert_eq!(before[0].bytes, after[0].bytes);
    assert!(after[0].manifest.requires.is_empty());
    assert_eq!(after[1].manifest.requires.len(), 1);
}

#[test]
fn bundles_by_version() {
    let files: [(&str, &[u8]); 4] = [
        ("1.0.0-1-a.sql", b"SELECT 1"),
        ("1.0.0-3-c.sql", b"SELECT 3"),
        ("1.1.0_beta.1-2-b.sql", b"SELECT 2"),
        ("next-4-d.sql", b"SELECT 4"),
    ];
    let packed = pack_files(&files, &bundle()).unwrap();
    let ids = |p: &super::PackedComponent| {
        p.manifest.alterations.iter().map(|a| a.id.to_string()).collect::<Vec<_>>().join(" ")
    };
    let found: Vec<_> = packed.iter().map(|p| (p.file_name.as_str(), ids(p))).collect();
    let expected = [
        ("shop-1.0.0.wasm", "1.0.0-1-a 1.0.0-3-c"),
        ("shop-1.1.0-beta.1.wasm", "1.1.0_beta.1-2-b"),
        ("shop-next.wasm", "next-4-d"),
    ];
    assert_eq!(found, expected.map(|(name, ids)| (name, ids.to_owned())));
}

#[test]
fn no_bundle_without_a_version() {
    for with in ["1.0.0-1-a.sql", "next-1-a.sql"] {
        let files: [(&str, &[u8]); 2] = [(with, b"SELECT 1"), ("5-e.sql", b"SELECT 5")];
        let error = pack_files(&files, &bundle()).unwrap_err().to_string();
        assert!(error.contains("5-e has no version"), "{error}");
        assert!(error.contains("Pack without `--bundle`"), "{error}");
        assert_eq!(pack_files(&files, &options()).unwrap().len(), 2);
    }
}

#[test]
fn a_thousand_in_one() {
    let files: Vec<_> = (1..=1000)
        .map(|n| (format!("1.0.0-{n}-t.sql"), format!("CREATE TABLE t{n} (id INTEGER);")))
        .collect();
    let files: Vec<_> = files.iter().map(|(name, sql)| (name.as_str(), sql.as_bytes())).collect();
    let packed = pack_files(&files, &bundle()).unwrap();
    let guest = Guest::new(&packed[0].bytes);
    for n in [1, 500, 1000] {
        let called = guest.call("up", &format!("1.0.0-{n}-t"), Ok(()));
        assert_eq!(called.received, [format!("CREATE TABLE t{n} (id INTEGER);")]);
    }
    // Measured: 165 bytes each in the manifest and the table. A tenfold overhead would be a mistake.
    assert!(packed[0].bytes.len() < 300_000, "{}", packed[0].bytes.len());
}
