//! SQL that differs between databases: one component carries it, and each dialect gets its own.

use super::{
    super::{
        PackedComponent, inspect,
        sql_name::SqlHook::{self, BeforeDown, BeforeUp, Down, Step, Up},
        sql_source::SqlSource,
    },
    PackOptions, bundle, folder,
    guest::{Guest, Outcome},
    options, pack_error, pack_files,
};
use crate::alteration::{Checksum, Dialect, Manifest};
use Dialect::{Mariadb, Mysql, Postgresql, Sqlite};
use std::collections::BTreeSet;
use wasmparser::Validator;

type Files<'a> = &'a [(&'a str, &'a [u8])];

/// Each text names its file, so that it shows who gets which.
const MIXED: Files<'_> = &[
    ("1.0.0-1-a.up.sql", b"SELECT a_up"),
    ("1.0.0-1-a.down.sql", b"SELECT a_down"),
    ("1.0.0-1-a.mysql.up.sql", b"SELECT a_mysql_up"),
    ("1.0.0-1-a.postgresql.before-up.sql", b"SELECT a_postgresql_before_up"),
    ("1.0.0-1-a.sqlite.down.sql", b"SELECT a_sqlite_down"),
    ("1.0.0-2-b.sqlite.up.sql", b"SELECT b_sqlite_up"),
    ("1.0.0-2-b.mariadb.up.sql", b"SELECT b_mariadb_up"),
    ("1.0.0-2-b.mysql.up.sql", b"SELECT b_mysql_up"),
    ("1.0.0-2-b.postgresql.sql", b"SELECT b_postgresql"),
    ("1.0.0-2-b.step.sql", b"UPDATE t SET x = b_step"),
    ("1.0.0-2-b.mariadb.step.sql", b"UPDATE t SET x = b_mariadb_step"),
    ("1.0.0-2-b.mysql.before-down.sql", b"SELECT b_mysql_before_down"),
    ("1.0.0-3-c.up.sql", b"SELECT c_up"),
];

/// Returns what `MIXED` gives an alteration's hook.
fn expected(id: &str, hook: SqlHook, dialect: Dialect) -> &'static str {
    match (id, hook, dialect) {
        ("1.0.0-1-a", Up, Mysql | Mariadb) => "SELECT a_mysql_up",
        ("1.0.0-1-a", Up, _) => "SELECT a_up",
        ("1.0.0-1-a", Down, Sqlite) => "SELECT a_sqlite_down",
        ("1.0.0-1-a", Down, _) => "SELECT a_down",
        ("1.0.0-1-a", BeforeUp, Postgresql) => "SELECT a_postgresql_before_up",
        ("1.0.0-2-b", Up, Sqlite) => "SELECT b_sqlite_up",
        ("1.0.0-2-b", Up, Postgresql) => "SELECT b_postgresql",
        ("1.0.0-2-b", Up, Mysql) => "SELECT b_mysql_up",
        ("1.0.0-2-b", Up, Mariadb) => "SELECT b_mariadb_up",
        ("1.0.0-2-b", Step, Mariadb) => "UPDATE t SET x = b_mariadb_step",
        ("1.0.0-2-b", Step, _) => "UPDATE t SET x = b_step",
        ("1.0.0-2-b", BeforeDown, Mysql | Mariadb) => "SELECT b_mysql_before_down",
        ("1.0.0-3-c", Up, _) => "SELECT c_up",
        _ => "",
    }
}

/// Returns what a hook hands to a database of `dialect`; `None` if it traps.
fn received(bytes: &[u8], id: &str, hook: SqlHook, dialect: Dialect) -> Option<String> {
    let guest = Guest::new(bytes).on(dialect);
    let received = match hook {
        Step => {
            let outcome = Outcome { rows_affected: 0, last_insert_id: None };
            let called = guest.step(id, None, Ok(outcome));
            called.returned.ok().map(|_| called.received)?
        }
        _ => {
            let called = guest.call(hook.name(), id, Ok(()));
            called.returned.ok().map(|_| called.received)?
        }
    };
    Some(received.concat())
}

fn exports(packed: &PackedComponent, hook: SqlHook) -> bool {
    let found = inspect(&packed.bytes).unwrap();
    found.exports.iter().any(|i| i.functions.iter().any(|name| name == hook.name()))
}

#[test]
fn each_dialect_gets_its_own() {
    let mut seen = 0;
    for options in [options(), bundle()] {
        for packed in pack_files(MIXED, &options).unwrap() {
            Validator::new().validate_all(&packed.bytes).unwrap();
            let source = SqlSource::of(&packed.bytes).expect("it is the runner's own");
            for declaration in &packed.manifest.alterations {
                let id = declaration.id.as_str();
                for dialect in Dialect::ALL {
                    let hooks = declaration.hooks(dialect);
                    for hook in SqlHook::ALL.into_iter().filter(|hook| exports(&packed, *hook)) {
                        let expected = expected(id, hook, dialect);
                        let known = source.text(&declaration.id, hook, dialect);
                        assert_eq!(known, expected, "{id} {hook:?} {dialect}");
                        let received = received(&packed.bytes, id, hook, dialect);
                        match hook {
                            Down if hooks.irreversible => assert_eq!(received, None),
                            _ => assert_eq!(received.as_deref(), Some(expected), "{id} {hook:?}"),
                        }
                        seen += 1;
                    }
                    let has = |hook| !expected(id, hook, dialect).is_empty();
                    assert_eq!(
                        hooks.irreversible,
                        !has(Down) && !has(BeforeDown),
                        "{id} {dialect}"
                    );
                    if options.bundle || exports(&packed, BeforeUp) {
                        assert_eq!(hooks.preparation, has(BeforeUp) || has(BeforeDown), "{id}");
                    }
                    if options.bundle || exports(&packed, Step) {
                        assert_eq!(hooks.backfill, has(Step), "{id} {dialect}");
                    }
                }
            }
            assert_eq!(Manifest::parse(&packed.manifest.to_json()).unwrap(), packed.manifest);
        }
    }
    assert_eq!(seen, 4 * (4 + 5 + 2) + 4 * 3 * 5);
}

#[test]
fn the_bytes_are_the_same_every_time_and_no_text_is_there_twice() {
    let reversed: Vec<_> = MIXED.iter().rev().copied().collect();
    for options in [options(), bundle()] {
        let (first, second) =
            (pack_files(MIXED, &options).unwrap(), pack_files(&reversed, &options).unwrap());
        for (first, second) in first.iter().zip(&second) {
            assert!(first.bytes == second.bytes, "{}", first.file_name);
        }
    }
    let packed = pack_files(MIXED, &bundle()).unwrap().remove(0);
    for (name, text) in MIXED {
        let count = packed.bytes.windows(text.len()).filter(|window| window == text).count();
        let within = MIXED.iter().filter(|(_, other)| other.ends_with(text)).count();
        assert_eq!(count, within, "{name}");
    }
}

/// What was shipped before dialects could differ must not change by a byte.
#[test]
fn components_without_dialects_are_what_they_were() {
    let files: Files<'_> = &[
        ("1.0.0-1-a.up.sql", "CREATE TABLE a (t TEXT DEFAULT 'é\r\n');".as_bytes()),
        ("1.0.0-1-a.down.sql", b"DROP TABLE a;\n"),
        ("1.0.0-2-ab.up.sql", b"-- one way\n"),
        ("1.0.0-3-b.before-up.sql", b"CREATE INDEX CONCURRENTLY i ON a (t)"),
        ("1.0.0-3-b.before-down.sql", b"DROP INDEX CONCURRENTLY i"),
        ("1.0.0-4-c.step.sql", b"UPDATE a SET t = 1 WHERE t IS NULL"),
        ("1.0.0-5-d.up.sql", b"CREATE TABLE d (x)"),
        ("1.0.0-5-d.before-up.sql", b"VACUUM"),
    ];
    let checksums = |options: PackOptions| -> Vec<String> {
        let packed = pack_files(files, &options).unwrap();
        packed.iter().map(|packed| Checksum::of(&packed.bytes).to_string()).collect()
    };
    let alone = [
        "eaf58993024affac04dfbeda625aec286b9967792d1b05def40f1e7078e1f8b7",
        "bd3f6b4e0c504e66d61330e843cc530cc1d78237f2b4ab700eaf49b0b4344e8e",
        "289164fb38f736bdccef5e49ce5ed4af45d148122bc4f7f9ec7508b1f2f1e5b2",
        "9d69d7566597461f66c026d76672d142b13dbd6e9915e8b9d08a71f80dbc773b",
        "67eaf39f117d54df212affaa2632da6d2770f21f13296c689441bed4dcdfaad2",
    ];
    assert_eq!(checksums(options()), alone);
    let together = ["e0fc70bf0d21710b4f42c793b27ae263a386e5daaf47b0064ae73ab2ea649744"];
    assert_eq!(checksums(bundle()), together);
}

/// Nor those with dialects, from now on.
#[test]
fn components_with_dialects_stay_what_they_are() {
    let packed = pack_files(MIXED, &bundle()).unwrap().remove(0);
    let expected = "4ff99afaebda24f0b95537973c30bb72ce6c492daba988d78dd85884cc7be54d";
    assert_eq!(Checksum::of(&packed.bytes).to_string(), expected);
}

#[test]
fn one_text_that_differs_is_another_alteration() {
    let checksum = |files: Files<'_>| {
        let other = ("1.0.0-9-other.up.sql", &b"other"[..]);
        let files: Vec<_> = files.iter().copied().chain([other]).collect();
        let packed = pack_files(&files, &bundle()).unwrap().remove(0);
        packed.manifest.alterations[0].checksum.unwrap()
    };
    let up = ("1.0.0-1-a.up.sql", &b"up"[..]);
    let seen: BTreeSet<Checksum> = [
        checksum(&[up]),
        checksum(&[up, ("1.0.0-1-a.mysql.up.sql", b"my")]),
        checksum(&[up, ("1.0.0-1-a.mariadb.up.sql", b"my")]),
        checksum(&[up, ("1.0.0-1-a.sqlite.up.sql", b"my")]),
        checksum(&[up, ("1.0.0-1-a.sqlite.down.sql", b"my")]),
        checksum(&[up, ("1.0.0-1-a.sqlite.step.sql", b"my")]),
    ]
    .into();
    assert_eq!(seen.len(), 6);
    // A text that says the same again differs in nothing.
    assert_eq!(checksum(&[up, ("1.0.0-1-a.mysql.up.sql", b"up")]), checksum(&[up]));
}

#[test]
fn which_dialects_a_component_is_for() {
    let toml = |text: &'static str| ("alteration.toml", text.as_bytes());
    let up = ("1.0.0-1-a.up.sql", &b"up"[..]);
    let postgresql = ("1.0.0-2-b.postgresql.up.sql", &b"up"[..]);
    let mysql = ("1.0.0-2-b.mysql.up.sql", &b"up"[..]);
    let only = toml("[alterations.'1.0.0-2-b']\ndialects = ['postgresql', 'mysql']");
    let of_both = toml("dialects = ['postgresql', 'mysql']");
    type Expected<'a> = &'a [(&'a [Dialect], &'a [Dialect])];
    let table: [(Files<'_>, bool, Expected<'_>); 6] = [
        (&[up, postgresql], false, &[(&[], &[]), (&[Postgresql], &[])]),
        // All of a bundle has to run.
        (&[up, postgresql, mysql], true, &[(&[Postgresql, Mysql, Mariadb], &[])]),
        (&[up, postgresql, mysql, only], true, &[(&[], &[])]),
        (&[up, postgresql, mysql, only], false, &[(&[], &[]), (&[], &[Postgresql, Mysql])]),
        (
            &[up, postgresql, mysql, of_both],
            false,
            &[(&[Postgresql, Mysql], &[]), (&[Postgresql, Mysql], &[])],
        ),
        (&[up, toml("dialects = ['sqlite']")], false, &[(&[Sqlite], &[])]),
    ];
    let set = |dialects: &[Dialect]| dialects.iter().copied().collect::<BTreeSet<_>>();
    for (files, bundled, expected) in table {
        let packed = pack_files(files, &PackOptions { bundle: bundled, ..options() }).unwrap();
        let found: Vec<_> = packed
            .iter()
            .map(|p| (p.manifest.dialects.clone(), p.manifest.alterations[0].dialects.clone()))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(all, one)| (set(all), set(one))).collect();
        assert_eq!(found, expected, "{files:?}");
    }
}

#[test]
fn where_it_does_not_run_it_traps() {
    let files: Files<'_> = &[
        ("1.0.0-1-a.up.sql", b"up"),
        ("1.0.0-2-b.mysql.up.sql", b"my"),
        ("1.0.0-2-b.step.sql", b"step"),
    ];
    let packed = pack_files(files, &bundle()).unwrap().remove(0);
    for dialect in Dialect::ALL {
        let expected = matches!(dialect, Mysql | Mariadb).then(|| "my".to_owned());
        assert_eq!(received(&packed.bytes, "1.0.0-2-b", Up, dialect), expected, "{dialect}");
        for id in ["", "1.0.0-2-c", "1.0.0-2"] {
            assert_eq!(received(&packed.bytes, id, Up, dialect), None, "{id} {dialect}");
        }
    }
}

#[test]
fn refused() {
    const SQL: &[u8] = b"SELECT 1";
    let table: [(Files<'_>, &str); 17] = [
        (
            &[("1-x.up.sql", SQL), ("1-x.postgres.up.sql", SQL)],
            "1-x.postgres.up.sql: `.postgres` is no dialect; did you mean `.postgresql`?",
        ),
        (&[("1-x.PostgreSQL.up.sql", SQL)], "did you mean `.postgresql`?"),
        (&[("0001_x.sqlite3.up.sql", SQL)], "0001_x.sqlite3.up.sql: `.sqlite3` is no dialect"),
        (&[("1-x.oracle.up.sql", SQL)], "which has sqlite, postgresql, mysql, mariadb"),
        (&[("1-x.up.mysql.sql", SQL)], "write `.mysql.up.sql`"),
        (&[("1-x.mysql.mariadb.up.sql", SQL)], "it names two dialects"),
        (
            &[("1-x.sqlite.up.sql", SQL), ("1-x.sqlite.sql", SQL)],
            "1-x.sqlite.sql and 1-x.sqlite.up.sql are the same alteration, direction and dialect",
        ),
        (
            &[("1-x.sqlite.up.sql", SQL), ("1-x.mysql.down.sql", SQL)],
            "1-x.mysql.down.sql: mysql has no `.up.sql` that this takes back; add 1-x.mysql.up.sql",
        ),
        // MariaDB's alone is not MySQL's.
        (
            &[("1-x.mariadb.up.sql", SQL), ("1-x.mysql.before-down.sql", SQL)],
            "1-x.mysql.before-down.sql: mysql has no `.up.sql`",
        ),
        (&[("1-x.sqlite.down.sql", SQL)], "1-x.sqlite.down.sql: there is no `.up.sql`"),
        (&[("1-x.sqlite.step.sql", b"")], "1-x.sqlite.step.sql: there is no statement in it"),
        (&[("1-x.sqlite.up.sql", b"SELECT 'x")], "1-x.sqlite.up.sql: line 1"),
        (
            &[("1-x.postgresql.up.sql", SQL), ("alteration.toml", b"dialects = ['sqlite']")],
            "1-x.postgresql.up.sql: it is for postgresql, and this folder is for sqlite",
        ),
        (
            &[("1-x.sqlite.up.sql", SQL), ("alteration.toml", b"dialects = ['sqlite', 'mysql']")],
            "1-x has no SQL for mysql, which is one of its dialects (sqlite, mysql); write 1-x.mysql.up.sql",
        ),
        (
            &[
                ("1-x.sqlite.up.sql", SQL),
                ("alteration.toml", b"[alterations.1-x]\ndialects = ['postgresql']"),
            ],
            "1-x has no SQL for postgresql",
        ),
        (
            &[("1-x.mysql.up.sql", b"COMMIT")],
            "1-x.mysql.up.sql: line 1: a deploy would refuse this",
        ),
        (
            &[("1-x.up.sql", SQL), ("sqlite/1-x.up.sql", SQL)],
            "sqlite/1-x.up.sql: SQL in a folder below",
        ),
    ];
    for (files, expected) in table {
        let folder = folder(files);
        let error = pack_error(folder.path(), &options());
        assert!(error.contains(expected), "{expected:?}: {error}");
    }
    let apart: Files<'_> = &[("1.0.0-1-a.sqlite.up.sql", SQL), ("1.0.0-2-b.mysql.up.sql", SQL)];
    let error = pack_error(folder(apart).path(), &bundle());
    assert!(error.contains("no dialect has SQL for each alteration"), "{error}");
    assert!(error.contains("1.0.0-2-b"), "{error}");
}

#[test]
fn a_byte_that_differs_and_nothing_is_known() {
    let files = &MIXED[..5];
    let packed = pack_files(files, &options()).unwrap().remove(0).bytes;
    for length in 0..packed.len() {
        assert!(SqlSource::of(&packed[..length]).is_none() || length > 1_000);
    }
    let texts: Vec<_> = files.iter().map(|(_, text)| *text).chain([&b"1.0.0-1-a"[..]]).collect();
    let within = |at: usize| {
        texts.iter().any(|text| {
            let starts = packed.windows(text.len()).enumerate();
            starts
                .filter(|(_, w)| w == text)
                .any(|(start, _)| (start..start + text.len()).contains(&at))
        })
    };
    let id = "1.0.0-1-a".parse().unwrap();
    for at in 0..packed.len() {
        let mut changed = packed.clone();
        changed[at] ^= 1;
        let Some(source) = SqlSource::of(&changed) else { continue };
        for dialect in Dialect::ALL {
            // A text or an id of the same length is another component of the runner's, and so is a manifest.
            let is_known = source.text(&id, Up, dialect) == expected("1.0.0-1-a", Up, dialect);
            assert!(within(at) || is_known, "byte {at}");
        }
    }
}

#[test]
fn inspecting_tells_who_gets_which() {
    let packed = pack_files(MIXED, &options()).unwrap();
    let texts = |at: usize| -> Vec<String> {
        let found = inspect(&packed[at].bytes).unwrap();
        let texts = found.sql.iter();
        texts.map(|t| format!("{} {:?} {}", t.hook, t.dialects, t.size_bytes)).collect()
    };
    assert_eq!(
        texts(0),
        [
            "up [Sqlite, Postgresql] 11",
            "up [Mysql, Mariadb] 17",
            "before-up [Postgresql] 29",
            "down [Sqlite] 20",
            "down [Postgresql, Mysql, Mariadb] 13",
        ]
    );
    assert_eq!(texts(2), [""; 0], "it is the same for all");
}
