//! The layouts of Prisma, drizzle, Supabase CLI, wrangler and Atlas.

use super::{
    Files, Layout, SqlHook,
    SqlHook::{BeforeUp, Down, Up},
    add, error, folder, options, read, sql_folder, tool,
};
use crate::alteration::{
    Dialect::{self, Mariadb, Mysql, Postgresql, Sqlite},
    FormerTool,
};
use std::path::Path;

/// The layout that a folder is taken for, which of its SQL is passed over, and what it is for.
fn taken(folder: &Path) -> (Option<Layout>, Vec<String>, Vec<Dialect>) {
    let (reading, _) = sql_folder::reading(folder, &options(None)).unwrap();
    let read = sql_folder::read(folder, &options(None)).unwrap();
    let reading = reading.map(|reading| (reading.layout, reading.passed_over));
    let (layout, passed_over) = reading.unzip();
    let name = |path: std::path::PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let passed_over = passed_over.unwrap_or_default().into_iter().map(name).collect();
    (layout, passed_over, read.dialects.into_iter().collect())
}

fn is_read_as(files: Files<'_>, layout: Layout, dialects: &[Dialect]) {
    let folder = folder(files);
    let (found, _, of) = taken(folder.path());
    assert_eq!(found, Some(layout), "{files:?}");
    assert_eq!(of, dialects, "{files:?}");
}

fn up(id: &str, text: &str) -> (String, Vec<(SqlHook, String)>) {
    (id.to_owned(), vec![(Up, text.to_owned())])
}

const JOURNAL: &str = r#"{ "version": "7", "dialect": "postgresql", "entries": [
    { "idx": 0, "version": "7", "when": 1700000000000, "tag": "0000_b", "breakpoints": true },
    { "idx": 1, "version": "7", "when": 1700000000005, "tag": "0001_a", "breakpoints": true },
    { "idx": 2, "version": "7", "when": 1700000000003, "tag": "0002_late", "breakpoints": true },
    { "idx": 3, "version": "7", "when": 1700000000009, "tag": "0003_c", "breakpoints": true } ] }"#;

#[test]
fn prisma() {
    let files: Files<'_> = &[
        ("schema.prisma", "model A {}"),
        ("migrations/migration_lock.toml", "# x\nprovider = \"postgresql\"\n"),
        ("migrations/20240101000000_b/migration.sql", "A"),
        ("migrations/20240101000000_a/migration.sql", "B"),
        ("migrations/0_init/migration.sql", "C"),
        ("migrations/20240102_short/migration.sql", "D"),
        ("migrations/20240102_short/down.sql", "E"),
        ("migrations/20240103000000_x/migration.sql", "ALTER TYPE t ADD VALUE 'x'; F"),
        ("migrations/20240103000000_x/later.sql", "G"),
        ("migrations/seed.sql", "H"),
    ];
    let expected = [
        up("09999999999999-init", "C"),
        up("20240101000000-a", "B"),
        up("20240101000000-b", "A"),
        ("20240102999999-short".to_owned(), vec![(Up, "D".to_owned()), (Down, "E".to_owned())]),
        (
            "20240103000000-x".to_owned(),
            vec![(BeforeUp, "ALTER TYPE t ADD VALUE 'x'; F".to_owned())],
        ),
    ];
    let folder = folder(files);
    for path in [folder.path().to_owned(), folder.path().join("migrations")] {
        let read = sql_folder::read(&path, &options(None)).unwrap();
        let texts = |a: &sql_folder::SqlAlteration| {
            a.sql.hooks().map(|h| (h, a.sql.text(h, Postgresql).to_owned())).collect()
        };
        let found: Vec<_> = read.alterations.iter().map(|a| (a.id.to_string(), texts(a))).collect();
        assert_eq!(found, expected);
        let (layout, passed_over, dialects) = taken(&path);
        assert_eq!(layout, Some(Layout::Prisma));
        assert_eq!(passed_over, ["later.sql", "seed.sql"]);
        assert_eq!(dialects, [Postgresql]);
    }
    add(
        folder.path(),
        &[("migrations/alteration.toml", "dialects = [\"postgresql\", \"sqlite\"]")],
    );
    let (_, _, dialects) = taken(&folder.path().join("migrations"));
    assert_eq!(dialects, [Sqlite, Postgresql], "said by hand");
}

#[test]
fn prisma_by_its_folders() {
    is_read_as(&[("20240101000000_a/migration.sql", "A")], Layout::Prisma, &[]);
    let lock = ("migration_lock.toml", "provider = \"mysql\"");
    is_read_as(&[("1_a/migration.sql", "A"), lock], Layout::Prisma, &[Mysql, Mariadb]);
    let message = error(&[("1_a/migration.sql", "A"), ("2_b/x.txt", "")], None);
    assert!(message.starts_with("2_b: there is no `migration.sql` in it"), "{message}");
    let lock = ("migration_lock.toml", "provider = \"sqlserver\"");
    let message = error(&[("1_a/migration.sql", "A"), lock], None);
    assert!(message.starts_with("migration_lock.toml: it says that this is for `sqlserver`"));
}

#[test]
fn drizzle_by_its_journal() {
    let files: Files<'_> = &[
        ("meta/_journal.json", JOURNAL),
        ("meta/0000_snapshot.json", "{}"),
        ("0000_b.sql", "A;--> statement-breakpoint\nB;\n--> statement-breakpoint\nC"),
        ("0001_a.sql", "D\n--> statement-breakpoint\nE"),
        ("0002_late.sql", "F"),
        ("0003_c.sql", "G"),
        ("0004_not_named.sql", "H"),
    ];
    let blank = " ".repeat(23);
    assert_eq!(
        read(files, None).into_iter().map(|(id, _)| id).collect::<Vec<_>>(),
        [
            "1700000000000-0000_b",
            "1700000000005-0001_a",
            "1700000000006-+w1700000000003-0002_late",
            "1700000000009-0003_c",
        ]
    );
    let folder = folder(files);
    let read = sql_folder::read(folder.path(), &options(None)).unwrap();
    let text = |at: usize| read.alterations[at].sql.text(Up, Postgresql).to_owned();
    assert_eq!(text(0), format!("A; {blank}\nB;\n {blank}\nC"));
    assert_eq!(text(1), format!("D\n;{blank}\nE"));
    let (layout, passed_over, dialects) = taken(folder.path());
    assert_eq!(layout, Some(Layout::Drizzle));
    assert_eq!(passed_over, ["0004_not_named.sql"]);
    assert_eq!(dialects, [Postgresql]);

    let message = error(&files[..3], None);
    assert!(message.starts_with("meta/_journal.json: it names `0001_a`"), "{message}");
    let other = JOURNAL.replace("postgresql", "gel");
    let message = error(&[("meta/_journal.json", &other), ("0000_b.sql", "A")], None);
    assert!(message.contains("for `gel`"), "{message}");
}

#[test]
fn drizzle_by_its_folders() {
    let files: Files<'_> = &[
        ("20240102000000_b/migration.sql", "B"),
        ("20240102000000_b/snapshot.json", "{ \"dialect\": \"sqlite\" }"),
        ("20240101000000_a/migration.sql", "A"),
        ("20240101000000_a/snapshot.json", "{ \"dialect\": \"sqlite\" }"),
    ];
    assert_eq!(read(files, None), [up("20240101000000-a", "A"), up("20240102000000-b", "B")]);
    is_read_as(files, Layout::Drizzle, &[Sqlite]);
}

#[test]
fn supabase() {
    let files: Files<'_> = &[
        ("supabase/config.toml", "project_id = \"x\""),
        ("supabase/seed.sql", "Z"),
        ("supabase/migrations/20200101000000_init.sql", "A"),
        ("supabase/migrations/20240101000000_init.sql", "B"),
        ("supabase/migrations/20240102000000_.sql", "C"),
        ("supabase/migrations/20240103_short.sql", "D"),
        ("supabase/migrations/notes.sql", "E"),
    ];
    let folder = folder(files);
    for name in ["supabase", "supabase/migrations"] {
        let read = sql_folder::read(&folder.path().join(name), &options(None)).unwrap();
        let ids: Vec<_> = read.alterations.iter().map(|a| a.id.as_str()).collect();
        assert_eq!(
            ids,
            ["20240101000000-init", "20240102000000-+5F", "20240103999999-short"],
            "{name}"
        );
        let (layout, passed_over, dialects) = taken(&folder.path().join(name));
        assert_eq!(layout, Some(Layout::Supabase));
        let seed = (name == "supabase").then_some("seed.sql");
        let skipped = ["20200101000000_init.sql", "notes.sql"].into_iter().chain(seed);
        assert_eq!(passed_over, skipped.collect::<Vec<_>>());
        assert_eq!(dialects, [Postgresql]);
    }
    add(folder.path(), &[("supabase/migrations/.gitkeep", "")]);
    let read = sql_folder::read(&folder.path().join("supabase"), &options(None)).unwrap();
    assert_eq!(read.alterations.len(), 4, "it is not the first in the folder");
    let files: Files<'_> = &[("1_a.sql", "A"), ("1_b.sql", "B")];
    let message = error(files, Some(Layout::Supabase));
    assert!(message.contains("have one version"), "{message}");
}

#[test]
fn wrangler() {
    let files: Files<'_> = &[
        ("wrangler.jsonc", "{ // x\n \"d1_databases\": [{ \"migrations_dir\": \"db/moved\" }] }"),
        ("db/moved/0001_a.sql", "A"),
        ("db/moved/0002_b.sql", "B"),
        ("db/moved/10_d.sql", "D"),
        ("db/moved/9_c.sql", "C"),
        ("db/moved/0002_a.sql", "E"),
        ("db/other/0001_a.sql", "A"),
    ];
    let folder = folder(files);
    let read = sql_folder::read(&folder.path().join("db/moved"), &options(None)).unwrap();
    let ids: Vec<_> = read.alterations.iter().map(|a| a.id.as_str()).collect();
    assert_eq!(ids, ["0001-a", "0002-a", "0002-b", "9-c", "10-d"]);
    let (layout, _, dialects) = taken(&folder.path().join("db/moved"));
    assert_eq!((layout, dialects), (Some(Layout::Wrangler), vec![Sqlite]));
    let (layout, ..) = taken(&folder.path().join("db/other"));
    assert_eq!(layout, Some(Layout::Sqlx));
    let message = error(&[("a.sql", "A")], Some(Layout::Wrangler));
    assert!(message.contains("expected digits at its beginning"), "{message}");
}

const ATLAS: Files<'_> = &[
    ("20240101000000_a.sql", "CREATE TABLE a (b int);\n"),
    ("20240102000000.sql", "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON a (b);\n"),
    ("20240103000000_c.sql", "-- atlas:delimiter //\nA;\n//\nB\n//\n"),
    (
        "atlas.sum",
        "h1:OdOgbhBLIH9qBFP+HOtxEdjpD0OlqDrOJ7T1KAJWiNE=
20240101000000_a.sql h1:gTqaYtdcDlwkGl62y/viNCKt0qRkmgJUrCo50M+EvBg=
20240102000000.sql h1:LxTVVlg1hGTjfIy3IV6DSD6diPPsPi7d82u0RUsuRkA=
20240103000000_c.sql h1:RP/9p2QxnQDPIb6UbmIFabxPXjuRqtfJxGVf5MAwotA=
",
    ),
];

#[test]
fn atlas() {
    let expected = [
        up("20240101000000-a", ATLAS[0].1),
        ("20240102000000-+-".to_owned(), vec![(BeforeUp, ATLAS[1].1.to_owned())]),
        up("20240103000000-c", "-- atlas:delimiter //\nA;\n \nB\n;\n"),
    ];
    assert_eq!(read(ATLAS, None), expected);
    is_read_as(ATLAS, Layout::Atlas, &[]);
    // Its sum stands beside the files of other tools too.
    is_read_as(&[("1_a.up.sql", "A"), ("1_a.down.sql", "B"), ATLAS[3]], Layout::Sqlx, &[]);
    is_read_as(&[("1_a.sql", "-- +goose Up\nA"), ATLAS[3]], Layout::Goose, &[]);
}

#[test]
fn atlas_with_another_sum() {
    let replaced = |at: usize, by: (&'static str, &'static str)| {
        let mut files = ATLAS.to_vec();
        files[at] = by;
        files
    };
    let added = [ATLAS, &[("20240101000001_x.sql", "A")]].concat();
    let behind = [ATLAS, &[("20250101000000_x.sql", "A")]].concat();
    let removed = [&ATLAS[..1], &ATLAS[2..]].concat();
    let last_removed = [&ATLAS[..2], &ATLAS[3..]].concat();
    let table = [
        (replaced(0, (ATLAS[0].0, "SELECT 1;")), "20240101000000_a.sql: it is not the file"),
        (replaced(1, (ATLAS[1].0, "SELECT 1;")), "20240102000000.sql: it is not the file"),
        (added, "20240101000001_x.sql: atlas.sum does not have it"),
        (behind, "20250101000000_x.sql: atlas.sum does not have it"),
        (removed, "20240102000000.sql: atlas.sum has it, and it is not there"),
        (last_removed, "20240103000000_c.sql: atlas.sum has it, and it is not there"),
        (replaced(3, ("atlas.sum", "h1:x\n")), "atlas.sum: it is malformed"),
        (replaced(3, ("atlas.sum", "")), "atlas.sum: it is malformed"),
    ];
    for (files, words) in table {
        let message = error(&files, None);
        assert!(message.starts_with(words), "{message}");
        assert!(message.ends_with("`atlas migrate hash`"), "{message}");
    }
    let message = error(&ATLAS[..3], Some(Layout::Atlas));
    assert!(message.starts_with("atlas.sum: there is no such file"), "{message}");
    let message = error(&[("1_a.up.sql", "A"), ATLAS[3]], Some(Layout::Atlas));
    assert!(message.contains("`--from golang-migrate`"), "{message}");
}

#[test]
fn atlas_from_a_checkpoint_on() {
    let folder = folder(&[
        ("1_a.sql", "A"),
        ("2_b.sql", "-- atlas:checkpoint\n\nAB"),
        ("3_c.sql", "-- atlas:txtar\n\n-- migration.sql --\nC;\n-- down.sql --\nD;\n"),
        ("4_d.sql", "-- atlas:sum ignore\nE"),
        (
            "atlas.sum",
            "h1:JWAka8iYG41ZYTlGQeFgornH+C0544TsALhvLmhcPi8=
1_a.sql h1:Qr90h1c6HYA3HCaItb2OEjU8HoY51AfBESX572nGYLI=
2_b.sql h1:WMBOIb/veBuDB+0Ft1QNphsLF6fgw7wQNaNGauBpeHE=
3_c.sql h1:N/L/KDA6pPXzjb7lHT+Fdq8hUFElMmKXp/MT9kGecNw=
",
        ),
    ]);
    let read = sql_folder::read(folder.path(), &options(None)).unwrap();
    let ids: Vec<_> = read.alterations.iter().map(|a| a.id.as_str()).collect();
    assert_eq!(ids, ["29999999999999-b", "39999999999999-c", "49999999999999-d"]);
    let texts = &read.alterations[1].sql;
    assert_eq!((texts.text(Up, Sqlite), texts.text(Down, Sqlite)), ("C;\n", "D;\n"));
    assert_eq!(taken(folder.path()).1, ["1_a.sql"]);
}

#[test]
fn ledgers_of_names() {
    let table: [(Layout, Files<'_>, &str); 9] = [
        (Layout::Prisma, &[("0_init/migration.sql", "A")], "0_init"),
        (Layout::Prisma, &[("20240101000000_añadir/migration.sql", "A")], "20240101000000_añadir"),
        (Layout::Prisma, &[("init/migration.sql", "A")], "init"),
        (Layout::Wrangler, &[("0001_a b.sql", "A")], "0001_a b.sql"),
        (Layout::Supabase, &[("20240101000000_a.sql", "A")], "20240101000000"),
        (Layout::Supabase, &[("202401_a.sql", "A")], "202401"),
        (Layout::Supabase, &[("2024010100000012_a.sql", "A")], "2024010100000012"),
        (Layout::Drizzle, &[("20240131120000_a/migration.sql", "A")], "1706702400000"),
        (
            Layout::Drizzle,
            &[("meta/_journal.json", JOURNAL_OF_ONE), ("a.sql", "A")],
            "1700000000000",
        ),
    ];
    for (layout, files, version) in table {
        let folder = folder(files);
        let read = sql_folder::read(folder.path(), &options(Some(layout))).unwrap();
        let key = crate::history::ledger_key(tool(layout), version).unwrap();
        let id = &read.alterations[0].id;
        assert!(key.is(id) && key.reaches(id), "{layout} {id}: {key:?}");
    }
    for version in ["2024", "x", "20240101000000", "2024010100000012"] {
        let key = crate::history::ledger_key(FormerTool::Atlas, version).unwrap();
        for name in [version.to_owned(), format!("{version}_x")] {
            let id = crate::history::textual::id(&name).unwrap();
            assert!(key.is(&id), "{version} {id}: {key:?}");
        }
    }
    assert_eq!(crate::history::ledger_key(FormerTool::Supabase, "x"), None);
    assert_eq!(crate::history::ledger_key(FormerTool::Wrangler, "0001_x"), None);
}

const JOURNAL_OF_ONE: &str = r#"{ "entries": [{ "when": 1700000000000, "tag": "a" }] }"#;

#[test]
fn a_history_of_drizzle_without_its_journal() {
    let files: Files<'_> = &[(
        "0000_a.sql",
        "CREATE TABLE a (id int);\n--> statement-breakpoint\nCREATE TABLE b (id int);\n",
    )];
    let told = error(files, None);
    assert!(
        told.contains("nothing that drizzle would run") && told.contains("meta/_journal.json"),
        "{told}"
    );
    assert_eq!(read(files, Some(Layout::Sqlx)).len(), 1, "whoever says so has it as it is");
}
