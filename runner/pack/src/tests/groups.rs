//! SQL components with the groups `preparation` and `backfill`: which they export, and what those do.

use super::{
    super::{inspect, sql_component::SqlEncoder, sql_table},
    PackedComponent, bundle, folder,
    guest::{Checkpoint, ErrorKind, Guest, HookError, Outcome, StepResult},
    options, pack_error, pack_files,
};
use crate::alteration::Checksum;
use wasmparser::Validator;

const UP: (&str, &[u8]) = ("1.0.0-1-a.up.sql", b"CREATE TABLE t (x)");
const DOWN: (&str, &[u8]) = ("1.0.0-1-a.down.sql", b"DROP TABLE t");
const BEFORE_UP: (&str, &[u8]) =
    ("1.0.0-1-a.before-up.sql", b"CREATE INDEX CONCURRENTLY i ON t (x)");
const BEFORE_DOWN: (&str, &[u8]) = ("1.0.0-1-a.before-down.sql", b"DROP INDEX CONCURRENTLY i");
const STEP: (&str, &[u8]) = ("1.0.0-1-a.step.sql", b"UPDATE t SET x = 1 WHERE x IS NULL LIMIT 5");
const ALL: [(&str, &[u8]); 5] = [UP, DOWN, BEFORE_UP, BEFORE_DOWN, STEP];

fn text(file: (&str, &'static [u8])) -> &'static str {
    str::from_utf8(file.1).unwrap()
}

fn pack_one(files: &[(&str, &[u8])]) -> PackedComponent {
    let mut packed = pack_files(files, &options()).unwrap();
    assert_eq!(packed.len(), 1);
    let packed = packed.pop().unwrap();
    Validator::new().validate_all(&packed.bytes).unwrap();
    packed
}

/// The last part of each export's name, and its functions; sorted.
fn exports(component: &PackedComponent) -> Vec<String> {
    let found = inspect(&component.bytes).unwrap();
    let short = |i: &super::super::Interface| {
        let name = i.name.trim_start_matches("runner:alteration/").trim_end_matches("@0.1.0");
        format!("{name}: {}", i.functions.join(" "))
    };
    let mut exports: Vec<_> = found.exports.iter().map(short).collect();
    exports.sort();
    exports
}

fn rows(rows_affected: u64) -> Result<Outcome, HookError> {
    Ok(Outcome { rows_affected, last_insert_id: Some(u64::MAX) })
}

fn more(done: u64) -> StepResult {
    StepResult::More(Checkpoint { state: done.to_le_bytes().to_vec(), done, total: None })
}

fn error() -> HookError {
    HookError {
        kind: ErrorKind::Constraint,
        message: "no".repeat(100_000),
        sqlstate: None,
        constraint: Some("t_x".to_owned()),
        retryable: true,
    }
}

#[test]
fn no_more_is_exported_than_there_is_sql_for() {
    const HOOKS: &str = "hooks: up down";
    const PREPARATION: &str = "preparation: before-up before-down";
    const BACKFILL: &str = "backfill: step";
    let table: [(&[(&str, &[u8])], &[&str], bool); 9] = [
        (&[UP], &[HOOKS], true),
        (&[UP, DOWN], &[HOOKS], false),
        (&[BEFORE_UP], &[HOOKS, PREPARATION], true),
        (&[BEFORE_UP, BEFORE_DOWN], &[HOOKS, PREPARATION], false),
        (&[UP, BEFORE_DOWN], &[HOOKS, PREPARATION], false),
        (&[BEFORE_UP, DOWN], &[HOOKS, PREPARATION], false),
        (&[STEP], &[BACKFILL, HOOKS], true),
        (&[UP, DOWN, STEP], &[BACKFILL, HOOKS], false),
        (&ALL, &[BACKFILL, HOOKS, PREPARATION], false),
    ];
    for (files, expected, irreversible) in table {
        let packed = pack_one(files);
        assert_eq!(exports(&packed), expected, "{files:?}");
        assert_eq!(packed.manifest.alterations[0].irreversible, irreversible, "{files:?}");
    }
}

#[test]
fn each_hook_hands_over_its_own_sql() {
    let guest = Guest::new(&pack_one(&ALL).bytes);
    for (hook, file) in
        [("up", UP), ("down", DOWN), ("before-up", BEFORE_UP), ("before-down", BEFORE_DOWN)]
    {
        let called = guest.call(hook, "1.0.0-1-a", Ok(()));
        assert_eq!(called.returned.unwrap(), Ok(()));
        assert_eq!(called.received, [text(file)], "{hook}");
        let called = guest.call(hook, "1.0.0-1-a", Err(error()));
        assert_eq!(called.returned.unwrap(), Err(error()), "{hook}");
        assert!(guest.call(hook, "1-b", Ok(())).returned.is_err(), "{hook} of another id");
    }
    assert!(guest.step("1-b", None, rows(1)).returned.is_err(), "a step of another id");
}

#[test]
fn a_hook_without_sql_does_nothing() {
    let table: [(&[(&str, &[u8])], &str); 6] = [
        (&[BEFORE_UP], "up"),
        (&[STEP], "up"),
        (&[UP, DOWN, BEFORE_UP], "before-down"),
        (&[UP, BEFORE_DOWN], "before-up"),
        (&[BEFORE_UP, BEFORE_DOWN], "down"),
        (&[UP, DOWN, BEFORE_DOWN, STEP], "before-up"),
    ];
    for (files, hook) in table {
        let guest = Guest::new(&pack_one(files).bytes);
        let called = guest.call(hook, "1.0.0-1-a", Err(error()));
        assert_eq!(called.returned.unwrap(), Ok(()), "{files:?}");
        assert!(called.received.is_empty(), "{files:?}");
    }
    // But `down` of what has no way back must not be called.
    for files in [&[BEFORE_UP][..], &[STEP], &[UP, STEP], &[UP, BEFORE_UP, STEP]] {
        let called = Guest::new(&pack_one(files).bytes).call("down", "1.0.0-1-a", Ok(()));
        assert!(called.returned.is_err() && called.received.is_empty(), "{files:?}");
    }
}

#[test]
fn steps_go_on_until_no_row_is_affected() {
    for files in [&[STEP][..], &[UP, DOWN, STEP], &ALL] {
        let guest = Guest::new(&pack_one(files).bytes);
        let step = |state, outcome| {
            let called = guest.step("1.0.0-1-a", state, outcome);
            assert_eq!(called.received, [text(STEP)]);
            called.returned.unwrap()
        };
        assert_eq!(step(None, rows(1000)), Ok(more(1000)));
        let state = 1000_u64.to_le_bytes();
        assert_eq!(step(Some(&state), rows(7)), Ok(more(1007)));
        let state = (u64::MAX - 1).to_le_bytes();
        assert_eq!(step(Some(&state), rows(1)), Ok(more(u64::MAX)));
        assert_eq!(step(Some(&state), rows(0)), Ok(StepResult::Finished));
        assert_eq!(step(None, rows(0)), Ok(StepResult::Finished));
        assert_eq!(step(Some(&state), Err(error())), Err(error()));
    }
}

#[test]
fn a_state_that_no_step_returned_traps() {
    let guest = Guest::new(&pack_one(&[STEP]).bytes);
    for length in [0, 1, 7, 9, 1 << 20] {
        let called = guest.step("1.0.0-1-a", Some(&vec![1; length]), rows(1));
        assert!(called.returned.is_err() && called.received.is_empty(), "{length}");
    }
}

#[test]
fn alterations_of_a_bundle_have_all_of_its_hooks() {
    let files = [ALL.as_slice(), &[("1.0.0-2-b.up.sql", b"SELECT 2")]].concat();
    let packed = pack_files(&files, &bundle()).unwrap();
    assert_eq!(exports(&packed[0]).len(), 3);
    let guest = Guest::new(&packed[0].bytes);
    for hook in ["before-up", "before-down"] {
        let called = guest.call(hook, "1.0.0-2-b", Err(error()));
        assert_eq!((called.returned.unwrap(), called.received.len()), (Ok(()), 0), "{hook}");
    }
    let called = guest.step("1.0.0-2-b", None, rows(1));
    assert_eq!((called.returned.unwrap(), called.received.len()), (Ok(StepResult::Finished), 0));
    assert_eq!(guest.call("up", "1.0.0-2-b", Ok(())).received, ["SELECT 2"]);
    assert!(guest.call("down", "1.0.0-2-b", Ok(())).returned.is_err());
    assert_eq!(guest.call("before-up", "1.0.0-1-a", Ok(())).received, [text(BEFORE_UP)]);

    // A bundle that needs none of them is what it was.
    let plain = pack_files(&[UP, DOWN, ("1.0.0-2-b.up.sql", b"SELECT 2")], &bundle()).unwrap();
    assert_eq!(exports(&plain[0]), ["hooks: up down"]);
}

#[test]
fn every_hook_counts_for_the_checksum() {
    let checksum = |files: &[(&str, &'static [u8])]| {
        let files = [files, &[("1.0.0-2-b.up.sql", b"SELECT 2")]].concat();
        pack_files(&files, &bundle()).unwrap()[0].manifest.alterations[0].checksum.unwrap()
    };
    assert_eq!(checksum(&[UP, DOWN]), Checksum::of_parts([UP.1, DOWN.1]));
    let same: &[u8] = b"SELECT 1";
    let mut checksums: Vec<_> = ["up", "before-up", "step"]
        .map(|hook| checksum(&[(&format!("1.0.0-1-a.{hook}.sql"), same)]))
        .into();
    for rest in [&[DOWN][..], &[BEFORE_DOWN], &[BEFORE_UP], &[STEP], &ALL[1..]] {
        checksums.push(checksum(&[&[("1.0.0-1-a.up.sql", same)], rest].concat()));
    }
    let all = checksums.len();
    checksums.sort();
    checksums.dedup();
    assert_eq!(checksums.len(), all);
}

#[test]
fn packing_twice_gives_the_same_bytes() {
    let reversed: Vec<_> = ALL.into_iter().rev().collect();
    assert_eq!(pack_one(&ALL).bytes, pack_one(&reversed).bytes);
    let text = String::from_utf8_lossy(&pack_one(&ALL).bytes).into_owned();
    for tool in ["wit-component", "processed-by", "0.254"] {
        assert!(!text.contains(tool), "{tool}");
    }
}

#[test]
fn timeouts_reach_the_manifest() {
    let toml = b"plugin = 'acme/shop'
        [alterations.'1.0.0-1-a']
        lock_timeout_ms = 500
        statement_timeout_ms = 60000";
    let packed = pack_one(&[UP, ("alteration.toml", toml)]);
    let json = String::from_utf8(packed.manifest.to_json()).unwrap();
    assert!(
        json.ends_with(
            r#""irreversible":true,"lock_timeout_ms":500,"statement_timeout_ms":60000}]}"#
        ),
        "{json}"
    );
}

#[test]
fn refused() {
    let table: [(&[(&str, &[u8])], &str); 6] = [
        (&[BEFORE_DOWN], "1.0.0-1-a.before-down.sql: there is no `.up.sql` beside it"),
        (
            &[("1.0.0-1-a.before-down.sql", b"x"), DOWN],
            "1.0.0-1-a.down.sql: there is no `.up.sql` beside it",
        ),
        (&[UP, ("1.0.0-1-a.step.sql", b" ")], "1.0.0-1-a.step.sql: there is no statement in it"),
        (&[UP, ("1.0.0-1-a.step.sql", b"x\0")], "1.0.0-1-a.step.sql: line 1 holds a NUL"),
        (
            &[UP, ("1.0.0-1-a.before.sql", b"x")],
            "1.0.0-1-a.before.sql: `.before.sql` is no ending for a hook",
        ),
        (
            &[("1-a.step.sql", b"x"), ("1_a.step.sql", b"x")],
            "1-a.step.sql and 1_a.step.sql are the same alteration",
        ),
    ];
    for (files, expected) in table {
        let folder = folder(files);
        let error = pack_error(folder.path(), &options());
        assert!(error.contains(expected), "{expected:?}: {error}");
    }
}

/// The layouts that the module reads and writes are those of the interface.
#[test]
fn results_lie_as_the_interface_says() {
    let encoder = SqlEncoder::new();
    let mut sizes = wit_parser::SizeAlign::default();
    sizes.fill(encoder.resolve());
    let size = |interface: &str, function: &str| {
        let found =
            encoder.resolve().interfaces.iter().find(|(_, i)| i.name.as_deref() == Some(interface));
        let result = found.unwrap().1.functions[function].result.unwrap();
        sizes.size(&result).size_wasm32()
    };
    assert!(size("hooks", "up") <= sql_table::RESULT_LEN as usize);
    for (interface, function) in [("database", "execute"), ("backfill", "step")] {
        assert_eq!(size(interface, function), sql_table::RESULT_LEN as usize, "{function}");
    }
}
