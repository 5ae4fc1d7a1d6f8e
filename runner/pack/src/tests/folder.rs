//! Folders of SQL: what is read, what is passed over, what is refused.

use super::{
    super::{PackOptions, pack},
    bundle, folder, options, pack_error, pack_files,
};
use std::fs;

const SQL: &[u8] = b"SELECT 1;";

#[test]
fn names_become_ids() {
    let files: [(&str, &[u8]); 10] = [
        ("20240131120000_create_users.up.sql", SQL),
        ("20240131120000_create_users.down.sql", SQL),
        ("0002_plain.sql", SQL),
        ("1.0.0-1718000000-b.up.sql", SQL),
        ("1.0.0-1718000000-a.up.sql", SQL),
        ("README.md", b"\xff"),
        (".1-editor.sql", b""),
        (".hidden/1-x.sql", SQL),
        ("notes/text.md", b""),
        ("1-x.wasm", b"\0asm"),
    ];
    let packed = pack_files(&files, &options()).unwrap();
    let names: Vec<_> = packed.iter().map(|p| p.file_name.as_str()).collect();
    let expected = [
        "0002-plain.wasm",
        "1.0.0-1718000000-a.wasm",
        "1.0.0-1718000000-b.wasm",
        "20240131120000-create_users.wasm",
    ];
    assert_eq!(names, expected);
    let irreversible: Vec<_> =
        packed.iter().map(|p| p.manifest.alterations[0].irreversible).collect();
    assert_eq!(irreversible, [true, true, true, false]);
}

#[test]
fn refused() {
    let toml: &[u8] = b"plugin = 'acme/shop'";
    type Files<'a> = &'a [(&'a str, &'a [u8])];
    let table: [(Files<'_>, &str); 21] = [
        (&[], ".: no SQL file in it"),
        (&[("alteration.toml", toml)], ".: no SQL file in it"),
        (&[("1-x.sql", b"a\n\xff")], "1-x.sql: line 2 is not UTF-8"),
        (&[("1-x.sql", b"a\0")], "1-x.sql: line 1 holds a NUL"),
        (&[("1-x.sql", b"\xef\xbb\xbfa")], "1-x.sql: it starts with a byte order mark"),
        (
            &[("1-x.sql", b"a;\n-- Rollback\nb;")],
            "1-x.sql: line 2: `-- Rollback` marks what another tool runs on the way back, and runner would run it on the way forward, with the rest of the file: split the file at the mark into `.up.sql` and `.down.sql`. If it is a comment and no mark, make it a sentence that begins with another word",
        ),
        (
            &[("1-x.sql", b"a"), ("1-x-down.sql", b"b")],
            "1-x-down.sql: by its name it takes something back, as db-migrate has it",
        ),
        (&[("1-x.undo.sql", b"a")], "1-x.undo.sql: by its name it takes something back"),
        (
            &[("1-x.sql", b"a\n-- migrate:down")],
            "1-x.sql: line 1: there is SQL before the first mark, which dbmate refuses",
        ),
        (&[("1-x.down.sql", SQL)], "1-x.down.sql: there is no `.up.sql`"),
        (&[("1-x.up.sql", SQL), ("2-x.down.sql", SQL)], "2-x.down.sql: there is no `.up.sql`"),
        (
            &[("1-x.sql", SQL), ("1-x.up.sql", SQL)],
            "1-x.sql and 1-x.up.sql are the same alteration",
        ),
        (&[("1-x.sql", SQL), ("1_x.sql", SQL)], "1-x.sql and 1_x.sql are the same alteration"),
        (&[("x.up.sql", SQL)], "x.up.sql: `x` is not an alteration id"),
        (&[("1-\u{202e}x.sql", SQL)], "1-\\u{202e}x.sql: alteration id"),
        (&[("1-x.SQL", SQL)], "1-x.SQL: the ending must be in lower case"),
        (&[("1-x.sql", SQL), ("old/2-y.sql", SQL)], "old/2-y.sql: SQL in a folder below"),
        (&[("1-x.sql", SQL), ("alteration.toml", b"plugin = 1")], "alteration.toml: "),
        (&[("1-x.sql", SQL), ("alteration.toml", b"\xff")], "alteration.toml: not UTF-8"),
        (
            &[("1-x.sql", SQL), ("alteration.toml", b"plugin = 'acme/shop'\nother = 1")],
            "unknown field `other`",
        ),
        (
            &[
                ("1-x.sql", SQL),
                ("alteration.toml", b"plugin = 'acme/shop'\n[alterations.2-y]\ndescription = ''"),
            ],
            "alteration.toml: names 2-y, of which there is no SQL file",
        ),
    ];
    for (files, expected) in table {
        let folder = folder(files);
        for options in [options(), bundle()] {
            let error = pack_error(folder.path(), &options);
            assert!(error.contains(expected), "{expected:?}: {error}");
        }
    }
}

#[test]
fn the_plugins_name() {
    let toml: &[u8] = b"plugin = 'acme/crm'";
    let plugin = |files: &[(&str, &[u8])], source: &str, options: &PackOptions| {
        let folder = folder(files);
        pack(&folder.path().join(source), options)
            .map(|packed| packed[0].manifest.plugin.to_string())
            .map_err(|error| error.to_string())
    };
    let in_toml: [(&str, &[u8]); 2] = [("1-x.sql", SQL), ("alteration.toml", toml)];
    assert_eq!(plugin(&in_toml, "", &PackOptions::default()).unwrap(), "acme/crm");
    let error = plugin(&in_toml, "", &options()).unwrap_err();
    assert!(error.contains("says plugin acme/crm, but acme/shop was asked for"), "{error}");

    let file = [("acme/wiki/1-x.sql", SQL)];
    assert_eq!(plugin(&file, "acme/wiki", &PackOptions::default()).unwrap(), "acme/wiki");
    assert_eq!(plugin(&file, "acme/wiki", &options()).unwrap(), "acme/shop");
    for source in ["acme/sql", "acme/migrations", "Acme/Shop"] {
        let file = format!("{source}/1-x.sql");
        let error = plugin(&[(&file, SQL)], source, &PackOptions::default()).unwrap_err();
        assert!(error.contains("whose alterations are these?"), "{source}: {error}");
    }
}

#[test]
fn what_is_not_there_or_not_a_file() {
    let folder = folder(&[("1-x.sql", SQL)]);
    let error = pack_error(&folder.path().join("absent"), &options());
    assert!(error.starts_with("cannot read .: "), "{error}");

    fs::create_dir(folder.path().join("2-y.sql")).unwrap();
    assert_eq!(pack(folder.path(), &options()).unwrap().len(), 1, "a folder is no SQL file");

    #[cfg(unix)]
    {
        let pipe = folder.path().join("3-z.sql");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        let error = pack_error(folder.path(), &options());
        assert!(error.starts_with("3-z.sql: not a regular file"), "{error}");
        fs::remove_file(&pipe).unwrap();
        std::os::unix::fs::symlink("nowhere", &pipe).unwrap();
        let error = pack_error(folder.path(), &options());
        assert!(error.starts_with("cannot read 3-z.sql"), "{error}");
    }
}

#[test]
fn a_folder_takes_no_manifest_file() {
    let folder = folder(&[("1-x.sql", SQL)]);
    let options = PackOptions { manifest: Some("m.json".into()), ..options() };
    assert!(pack_error(folder.path(), &options).contains("takes no manifest file"));
}

#[test]
fn descriptions_have_a_limit() {
    let toml = format!("plugin = 'a/b'\n[alterations.1-x]\ndescription = '{}'", "x".repeat(501));
    let folder = folder(&[("1-x.sql", SQL), ("alteration.toml", toml.as_bytes())]);
    let error = pack_error(folder.path(), &PackOptions::default());
    assert!(error.contains("the description of 1-x is longer than"), "{error}");
}
