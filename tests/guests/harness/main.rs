//! Holds the host to what each hostile guest says should happen.
//!
//! One test function for each guest of `../list.rs`, run through the real binary. A guest without
//! a test, or a test without a guest, does not compile. Those that export more than `up` and `down`
//! are in `groups`.

use alteration_pack::section;
use alteration_test_support as support;
use std::{fs, sync::OnceLock, time::Duration};
use support::{Run, Sandbox};

include!("../list.rs");
include!("../asks.rs");

/// Names every test function once, so that a guest without one does not compile.
macro_rules! every_guest_has_a_test {
    ($($name:ident,)*) => { &[$((stringify!($name), $name)),*] };
}

mod ahead;
mod groups;
mod javascript;
mod memory;
mod python;
mod sdk_list;
mod sql;

/// The guests in the order of their list, each with its test.
type List = &'static [(&'static str, fn())];

const GUESTS: List = for_each_guest!(every_guest_has_a_test);

/// The component of the core module `guest`.
fn component(guest: &str) -> Vec<u8> {
    let sandbox = Sandbox::guarded();
    let module = support::guest(guest).display().to_string();
    sandbox.ok(&["pack", &module, "--out", "out"]);
    let packed = fs::read_dir(sandbox.path().join("out")).expect("packed").next();
    fs::read(packed.expect("one component").expect("an entry").path()).expect("bytes")
}

/// A sandbox with one guest as its only plugin.
fn sandbox(name: &str) -> Sandbox {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    let component = COMPONENT.get_or_init(|| component("hostile"));
    let at = GUESTS.iter().position(|(guest, _)| *guest == name).expect("a guest of the list");
    let id = format!("1.0.0-{}-{}", 1_700_000_000 + at, name.replace('_', "-"));
    let sandbox = Sandbox::guarded();
    sandbox.write("plugins/guest.wasm", one_guest(component, &id, name));
    sandbox
}

/// The component with a manifest that declares one alteration only.
fn one_guest(component: &[u8], id: &str, name: &str) -> Vec<u8> {
    let asks = asks_for(name);
    let manifest = format!(
        r#"{{"manifest":1,"plugin":"hostile/guests","alterations":[{{"id":"{id}"{asks}}}]}}"#
    );
    section::append(component, manifest.as_bytes()).expect("a component")
}

/// Deploys, and checks what holds whatever a guest does.
fn deploy(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut all = vec!["deploy", "plugins"];
    all.extend(args);
    let run = sandbox.runner(&all);
    let output = format!("{}{}", run.stdout, run.stderr);
    assert!(!output.contains('\u{1b}'), "a terminal escape came through: {output:?}");
    assert!(!output.contains("panicked at runner"), "the host panicked: {output}");
    assert!(output.len() < 1_000_000, "the output is a flood of {} bytes", output.len());
    assert!(!sandbox.path().join("app.db.runner-lock").exists(), "the lock was not released");
    run
}

fn succeeds(name: &str) -> (Sandbox, Run) {
    succeeds_with(name, &[])
}

fn succeeds_with(name: &str, args: &[&str]) -> (Sandbox, Run) {
    let sandbox = sandbox(name);
    let run = deploy(&sandbox, args);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(sandbox.state()[0].ends_with(" applied"), "{:?}", sandbox.state());
    (sandbox, run)
}

/// The guest fails with all of `words` in the message, nothing of it stays, and what comes after
/// it works.
fn fails(name: &str, words: &[&str]) -> (Sandbox, Run) {
    fails_with(name, &[], words)
}

fn fails_with(name: &str, args: &[&str], words: &[&str]) -> (Sandbox, Run) {
    let sandbox = sandbox(name);
    let run = deploy(&sandbox, args);
    assert_eq!(run.code, Some(1), "{run:#?}");
    for word in words {
        assert!(run.stderr.contains(word), "no `{word}` in {}", run.stderr);
    }
    assert!(run.stderr.contains("nothing was altered"), "{}", run.stderr);
    assert!(run.stderr.contains("next:"), "{}", run.stderr);
    assert_eq!(sandbox.dump(), "", "something stayed");
    assert!(sandbox.state()[0].ends_with(" failed"), "{:?}", sandbox.state());
    let ends = sandbox.rows("SELECT event FROM alteration_history ORDER BY sequence");
    assert_eq!(ends, ["started", "failed"]);
    assert_eq!(fs::read_dir(sandbox.path()).expect("a folder").count(), 2, "a file was made");
    still_works(&sandbox);
    (sandbox, run)
}

/// The database and the runner's record are in order: another plugin deploys.
fn still_works(sandbox: &Sandbox) {
    fs::remove_file(sandbox.path().join("plugins/guest.wasm")).expect("removed");
    sandbox.sql_plugin("acme/after", &[("1.0.0-1800000000-after", "CREATE TABLE after (x)", "")]);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT count(*) FROM after"), ["0"]);
}

/// As [`fails`], while the process stays below `megabytes`.
fn fails_within(name: &str, megabytes: u64, words: &[&str]) {
    let sandbox = sandbox(name);
    let mut command = sandbox.command(&["deploy", "plugins"]);
    let mut child = command
        .stdout(std::process::Stdio::null())
        .stderr(fs::File::create(sandbox.path().join("stderr")).expect("a file"))
        .spawn()
        .expect("starts");
    let mut peak = 0;
    let code = loop {
        // The kernel's own high-water mark; the process may end before it can be read once more.
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = mark.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0_u64) / 1_024);
        if let Some(status) = child.try_wait().expect("waits") {
            break status.code();
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let stderr = fs::read_to_string(sandbox.path().join("stderr")).expect("text");
    assert_eq!(code, Some(1), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "no `{word}` in {stderr}");
    }
    assert!(peak > 0, "the peak was never read");
    assert!(peak < megabytes, "the process grew to {peak} MB");
    assert_eq!(sandbox.dump(), "");
    fs::remove_file(sandbox.path().join("stderr")).expect("removed");
    still_works(&sandbox);
}

macro_rules! guests {
    ($($name:ident => $body:expr;)*) => {
        $(#[test] fn $name() { let _ = $body; })*
    };
}

const DENIED: &str = "(denied)";
const TRANSACTION: &str = "COMMIT and ROLLBACK are the host's";

guests! {
    // Failures of the guest's own.
    trap => {
        let (_, run) = fails("trap", &["trapped", "1.0.0-1700000000-trap"]);
        assert!(run.stderr.contains("panicked at"), "the log has the place: {}", run.stderr);
    };
    error => fails("error", &["the hook returned an error"]);
    ignores_error => fails("ignores_error", &["went on after a failed statement"]);
    down_fails => {
        let (sandbox, _) = succeeds("down_fails");
        let run = sandbox.runner(&["rollback", "--steps", "1"]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("failed (down)") && run.stderr.contains("nothing was altered"), "{}", run.stderr);
        assert!(sandbox.state()[0].ends_with(" applied"));
    };

    // Limits.
    endless_loop => fails_with("endless_loop", &["--timeout", "500ms"], &["longer than 500 ms", "--timeout"]);
    endless_sql => fails_with("endless_sql", &["--timeout", "500ms"], &["longer than 500 ms", "--timeout"]);
    endless_allocation => fails("endless_allocation", &["bytes of memory", "--max-memory"]);
    fills_memory => succeeds("fills_memory");
    deep_recursion => fails("deep_recursion", &["recursed deeper", "--max-stack"]);
    huge_result => fails_within("huge_result", 700, &["(limit)", "use a cursor"]);
    huge_blob => fails_within("huge_blob", 700, &["(limit)"]);
    huge_zeroblob => fails_within("huge_zeroblob", 700, &["(limit)"]);
    too_long_sql => fails_within("too_long_sql", 900, &[]);
    many_cursors => fails("many_cursors", &["(limit)", "open cursors"]);
    deep_sql => fails("deep_sql", &["statement 1 failed"]);
    deep_sql_chain => fails("deep_sql_chain", &["statement 1 failed"]);
    log_flood => {
        let sandbox = sandbox("log_flood");
        let run = deploy(&sandbox, &[]);
        assert!(matches!(run.code, Some(0 | 1)), "{:?}", run.code);
    };
    log_long_line => {
        let sandbox = sandbox("log_long_line");
        let run = deploy(&sandbox, &[]);
        assert!(matches!(run.code, Some(0 | 1)), "{:?}", run.code);
    };
    log_escapes => fails("log_escapes", &["\\u{1b}"]);

    // The host's transaction.
    tries_commit => fails("tries_commit", &[DENIED, TRANSACTION]);
    tries_rollback => fails("tries_rollback", &[DENIED, TRANSACTION]);
    tries_begin => fails("tries_begin", &[DENIED, TRANSACTION]);
    tries_savepoint => fails("tries_savepoint", &[DENIED, "SAVEPOINT"]);
    commit_in_script => fails("commit_in_script", &[DENIED, TRANSACTION]);
    commit_in_comment => fails("commit_in_comment", &[DENIED, TRANSACTION]);
    commit_as_end => fails("commit_as_end", &[DENIED, TRANSACTION]);
    commit_after_semicolons => fails("commit_after_semicolons", &[DENIED, TRANSACTION]);
    commit_in_query => fails("commit_in_query", &[DENIED, TRANSACTION]);
    commit_in_cursor => fails("commit_in_cursor", &[DENIED, TRANSACTION]);
    insert_or_rollback => fails("insert_or_rollback", &["ended the host's transaction"]);
    on_conflict_rollback_table => fails("on_conflict_rollback_table", &["ended the host's transaction"]);
    raise_rollback => fails("raise_rollback", &["ended the host's transaction"]);

    // Other files and settings.
    tries_attach => fails("tries_attach", &[DENIED, "ATTACH"]);
    attach_expression => fails("attach_expression", &["statement 1 failed"]);
    tries_vacuum_into => fails("tries_vacuum_into", &["statement 1 failed"]);
    tries_pragma => fails("tries_pragma", &[DENIED, "PRAGMA"]);
    pragma_writable_schema => fails("pragma_writable_schema", &[DENIED, "PRAGMA"]);
    pragma_call => fails("pragma_call", &[DENIED, "PRAGMA"]);
    pragma_in_query => fails("pragma_in_query", &[DENIED, "PRAGMA"]);
    pragma_read => succeeds("pragma_read");
    load_extension => fails("load_extension", &["statement 1 failed"]);

    // The runner's own tables.
    reads_state_table => fails("reads_state_table", &[DENIED, "alteration_state"]);
    writes_state_table => fails("writes_state_table", &[DENIED, "alteration_state"]);
    drops_state_table => fails("drops_state_table", &[DENIED, "alteration_state"]);
    renames_state_table => fails("renames_state_table", &[DENIED, "alteration_state"]);
    trigger_on_state_table => fails("trigger_on_state_table", &[DENIED, "alteration_state"]);
    trigger_into_state_table => fails("trigger_into_state_table", &[DENIED, "alteration_state"]);
    view_over_state_table => fails("view_over_state_table", &[DENIED, "alteration_state"]);
    temp_shadow_state_table => fails("temp_shadow_state_table", &[DENIED, "alteration_state"]);
    bulk_state_table => fails("bulk_state_table", &[DENIED, "alteration_state"]);

    // Entropy.
    undeclared_entropy => fails("undeclared_entropy", &["`entropy`", "does not declare"]);
    declared_entropy => {
        let refused = sandbox("declared_entropy");
        let run = deploy(&refused, &[]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("--grant hostile/guests:entropy"), "{}", run.stderr);
        assert!(!refused.database().exists(), "it was refused before anything was altered");
        let (first, _) = succeeds_with("declared_entropy", &["--grant", "hostile/guests:entropy"]);
        let (second, _) = succeeds_with("declared_entropy", &["--grant", "entropy"]);
        assert_ne!(first.dump(), second.dump(), "two databases got the same random bytes");
        assert_eq!(first.rows("SELECT permissions FROM alteration_state"), ["[\"entropy\"]"]);
    };

    // Settings. Nobody is shown a value.
    undeclared_setting => {
        let words = ["the setting `DATABASE_URL\\u{1b}[31m`", "does not declare"];
        fails("undeclared_setting", &words);
        let refused = sandbox("undeclared_setting");
        let run = deploy(&refused, &["--set", "hostile/guests:REGION=hunter2"]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("has no setting `REGION`; it declares none"), "{}", run.stderr);
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
        assert!(!refused.database().exists(), "it was refused before anything was altered");
    };
    declared_settings => {
        let values = "SELECT concat_ws(' ', name, value, length(value)) FROM declared_settings";
        let (none, _) = succeeds("declared_settings");
        assert_eq!(none.rows(values), ["REGION", "mail.from", "big"]);
        let big = |bytes: usize| format!("hostile/guests:big={}", "x".repeat(bytes));
        let region = "hostile/guests:REGION=\u{1b}[31mö=\n";
        let of_another = "acme/other:big=1";
        let given = ["--set", region, "--set", &big(65_536), "--set", of_another];
        let (all, run) = succeeds_with("declared_settings", &given);
        let rows = all.rows(values);
        assert_eq!(rows[0], "REGION \u{1b}[31mö=\n 8");
        assert_eq!(rows[1], "mail.from", "what was not given is none");
        assert!(rows[2].ends_with("xx 65536"), "the longest value");
        assert!(!run.stderr.contains("xx"), "{}", run.stderr);
        assert_eq!(
            all.rows("SELECT settings FROM alteration_state"),
            [r#"["REGION","big","mail.from"]"#]
        );
        let refused = sandbox("declared_settings");
        let run = deploy(&refused, &["--set", &big(65_537)]);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains("`--set` 1: hostile/guests:big: a value of 65537 bytes"), "{}", run.stderr);
        assert!(!run.stderr.contains("xx"), "{}", run.stderr);
    };

    // Wrong use of the interface.
    nul_in_sql => fails("nul_in_sql", &["NUL"]);
    nul_in_script => fails("nul_in_script", &["NUL"]);
    two_statements_in_execute => fails("two_statements_in_execute", &["expected one statement"]);
    too_few_parameters => fails("too_few_parameters", &["(conversion)", "parameters"]);
    too_many_parameters => fails("too_many_parameters", &["(conversion)", "parameters"]);
    bulk_ragged => fails("bulk_ragged", &["columns differ in length"]);
    bulk_narrow => fails("bulk_narrow", &["(conversion)", "columns"]);
    bulk_wide => fails("bulk_wide", &["(conversion)", "columns"]);
    bulk_narrow_columns => fails("bulk_narrow_columns", &["(conversion)", "columns"]);
    bulk_wide_columns => fails("bulk_wide_columns", &["(conversion)", "columns"]);
    bulk_unknown_table => fails("bulk_unknown_table", &["no such table"]);
    bulk_unknown_column => fails("bulk_unknown_column", &["no column named"]);
    bulk_injection => fails("bulk_injection", &["no such table"]);
    use_after_finish => fails("use_after_finish", &["the bulk-writer is finished"]);
    forgotten_cursor => succeeds("forgotten_cursor");
    forgotten_writer => fails("forgotten_writer", &["unfinished"]);

    // Constraints are named.
    constraint_primary_key => fails("constraint_primary_key", &["(constraint)"]);
    constraint_unique => fails("constraint_unique", &["(constraint)"]);
    constraint_check => fails("constraint_check", &["(constraint)"]);
    constraint_not_null => fails("constraint_not_null", &["(constraint)"]);
    fk_violation => fails("fk_violation", &["foreign keys are violated"]);

    // What is hard and has to work.
    every_value => succeeds("every_value");
    writes_while_reading => succeeds("writes_while_reading");
    columns_round_trip => succeeds("columns_round_trip");
    many_statements => succeeds("many_statements");
    table_rebuild => succeeds("table_rebuild");
    slow => succeeds("slow");
}
