//! Guests written with the JavaScript SDK: what of the language works in a hook, and what a hook that
//! fails tells the operator. `tests/guests-js` has a module for each alteration.

use super::{deploy, section, support, support::Sandbox};
use std::{collections::BTreeSet, fs, process::Command};

const VALUES: &str = "1.0.0-1730000000-values";
const ASYNC: &str = "1.0.0-1730000001-async-order";
const FAILS: &str = "1.0.0-1730000002-fails";
const CHANCE: &str = "1.0.0-1730000003-chance";
const ROWS: &str = "1.0.0-1730000004-rows";
const SETTINGS: &str = "1.0.0-1730000005-settings";
const TEXT: &str = "1.0.0-1730000006-text";

/// The same modules with each of the SDK's engines; the second is that of `--small`.
const ENGINES: [&str; 2] = ["values", "small"];

/// A sandbox with the guest's alteration `id` as its only plugin.
fn sandbox(engine: &str, id: &str, permissions: &str) -> Sandbox {
    asking(engine, &format!(r#""id":"{id}","permissions":[{permissions}]"#))
}

/// The same, with the fields of the alteration's declaration.
fn asking(engine: &str, declaration: &str) -> Sandbox {
    let component = fs::read(support::guest(engine)).expect("a component");
    let manifest = format!(
        r#"{{"manifest":1,"plugin":"tests/javascript","alterations":[{{{declaration}}}]}}"#
    );
    let packed = section::append(&component, manifest.as_bytes()).expect("a component");
    let sandbox = Sandbox::guarded();
    sandbox.write("plugins/guest.wasm", packed);
    sandbox
}

fn there_and_back(engine: &str, id: &str) -> Sandbox {
    let sandbox = sandbox(engine, id, "");
    let run = deploy(&sandbox, &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    sandbox.ok(&["rollback", "--steps", "1", "--yes"]);
    assert_eq!(sandbox.dump(), "", "something stayed");
    sandbox
}

#[test]
fn every_sort_of_value_comes_back() {
    for engine in ENGINES {
        there_and_back(engine, VALUES);
    }
}

#[test]
fn promises_are_what_the_language_says() {
    for engine in ENGINES {
        let sandbox = there_and_back(engine, ASYNC);
        let run = deploy(&sandbox, &[]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stderr.contains("25000 turns"), "{}", run.stderr);
        let words = sandbox.rows("SELECT word FROM words ORDER BY rowid");
        assert_eq!(words, ["one", "two", "three"], "a hook ends when all it began has ended");
    }
}

#[test]
fn cursors_writers_preparation_and_steps() {
    for engine in ENGINES {
        let sandbox = there_and_back(engine, ROWS);
        assert_eq!(deploy(&sandbox, &[]).code, Some(0));
        let sums = "SELECT concat_ws(' ', count(*), sum(doubled), count(word)) FROM numbers";
        assert_eq!(sandbox.rows(sums), ["12000 144012000 11999"]);
    }
}

#[test]
fn the_small_engine_says_that_it_compiles_no_text_and_does_all_else() {
    for engine in ENGINES {
        let sandbox = there_and_back(engine, TEXT);
        let run = deploy(&sandbox, &[]);
        assert_eq!(run.code, Some(0), "{engine}: {run:#?}");
        let refused = sandbox.rows(
            "SELECT way FROM texts WHERE came LIKE 'EvalError: an engine of --small has no compiler%'",
        );
        let came = sandbox.rows("SELECT way FROM texts WHERE came = '42'");
        let compiles = ["eval", "Function", "called", "constructor", "generator"];
        let others = ["global", "extends", "RegExp", "JSON", "instanceof", "name"];
        let expected = match engine {
            "small" => (compiles.to_vec(), others.to_vec()),
            _ => (Vec::new(), [&compiles[..], &others[..]].concat()),
        };
        assert_eq!((refused, came), strings(expected), "{engine}");
    }
}

fn strings((one, two): (Vec<&str>, Vec<&str>)) -> (Vec<String>, Vec<String>) {
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    (owned(one), owned(two))
}

/// Fails in the given way, says so, and leaves nothing behind.
fn fails(engine: &str, way: &str, words: &[&str]) {
    let sandbox = sandbox(engine, FAILS, "");
    sandbox.sql(&format!("CREATE TABLE ways (way TEXT); INSERT INTO ways VALUES ('{way}')"));
    let run = deploy(&sandbox, &[]);
    assert_eq!(run.code, Some(1), "{way}: {run:#?}");
    for word in words {
        assert!(run.stderr.contains(word), "{way}: no `{word}` in {}", run.stderr);
    }
    assert!(!run.stderr.contains("trapped"), "{way}: {}", run.stderr);
    assert!(!sandbox.dump().contains("left_over"), "{way}: something stayed");
}

#[test]
fn what_is_thrown_is_what_the_operator_reads() {
    let table: &[(&str, &[&str])] = &[
        // The stack, without which a vendor looks in vain.
        ("throws", &["returned an error: TypeError: cannot read", "at throws ("]),
        ("throws-text", &["the hook threw only text"]),
        ("rejects", &["rejected after an await", "caused by TypeError: the cause"]),
        ("never-settles", &["the hook never settled"]),
        ("unhandled", &["a promise was rejected and nobody handled it", "nobody looks"]),
        ("timer", &["setTimeout() would wait"]),
        ("ignores-errors", &["went on after a failed statement"]),
        (
            "unique-twice",
            &["DatabaseError constraint left_over.n false true", "(constraint): UNIQUE"],
        ),
        ("unfinished-writer", &["left 1 bulk-writers unfinished"]),
    ];
    for (way, words) in table {
        ENGINES.iter().for_each(|engine| fails(engine, way, words));
    }
}

#[test]
fn values_that_do_not_fit_are_named_and_do_not_trap() {
    let table: &[(&str, &str)] = &[
        ("undefined-parameter", "parameter 2 is undefined"),
        ("unsafe-integer", "parameter 1: 9007199254740992 is beyond"),
        ("object-parameter", "parameter 1: an object is no value"),
        ("half-a-pair", "parameter 1: the text holds half a surrogate pair"),
        ("bad-column", "column `n`, row 3 is undefined"),
        ("narrow-row", "row 1 has 0 values; the writer has 1 columns"),
        ("same-names", "two columns of the result are called `a`"),
        ("wrong-arguments", "SQL is text or sql`…`, not 17"),
    ];
    for (way, words) in table {
        ENGINES.iter().for_each(|engine| fails(engine, way, &[words]));
    }
}

/// Returns what one deployment of `chance` drew: `what value`.
fn chances() -> Vec<String> {
    let sandbox = sandbox(ENGINES[0], CHANCE, r#""entropy""#);
    let run = deploy(&sandbox, &["--grant", "entropy"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    sandbox.rows("SELECT what || ' ' || value FROM chances ORDER BY rowid")
}

#[test]
fn no_two_deployments_draw_the_same() {
    let (one, two) = (chances(), chances());
    assert!(one[0].starts_with("atTheTop 0."), "{}", one[0]);
    // The last stands still by design; times may be equal.
    let drawn = |chances: &[String]| chances[..6].iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(drawn(&one).len(), 6, "{one:#?}");
    assert!(drawn(&one).is_disjoint(&drawn(&two)), "{one:#?}\n{two:#?}");
    let year = |chances: &[String]| chances[7].clone();
    assert!(!year(&one).contains("1970"), "the time is that of the build: {}", year(&one));
}

#[test]
fn chance_without_the_permission_is_refused_and_named() {
    let sandbox = sandbox(ENGINES[0], CHANCE, "");
    let run = deploy(&sandbox, &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr.contains("used `entropy`, which its manifest does not declare"),
        "{}",
        run.stderr
    );
    assert_eq!(sandbox.dump(), "", "something stayed");
}

#[test]
fn settings_are_text_or_null() {
    let asking = || asking(ENGINES[0], &format!(r#""id":"{SETTINGS}","settings":["REGION"]"#));
    let regions = "SELECT coalesce(region, 'null') FROM regions";
    let sandbox = asking();
    assert_eq!(deploy(&sandbox, &[]).code, Some(0));
    assert_eq!(sandbox.rows(regions), ["null"]);
    sandbox.ok(&["rollback", "--steps", "1", "--yes"]);
    assert_eq!(sandbox.dump(), "", "something stayed");
    assert_eq!(deploy(&sandbox, &["--set", "tests/javascript:REGION=Köln 🌍"]).code, Some(0));
    assert_eq!(sandbox.rows(regions), ["Köln 🌍"]);

    let sandbox = asking();
    let run = deploy(&sandbox, &["--set", "tests/javascript:REGION=ask for more"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let undeclared = "asked for the setting `MORE`, which its manifest does not declare";
    assert!(run.stderr.contains(undeclared), "{}", run.stderr);
    assert_eq!(sandbox.dump(), "", "something stayed");
}

/// `pack` is where it has to be seen: deployed, the hook would seem to succeed at its first `await`.
#[test]
fn async_hooks_that_were_not_lowered_are_refused() {
    let sandbox = Sandbox::guarded();
    let module = support::guest("unlowered").display().to_string();
    sandbox.write(
        "alteration.json",
        r#"{"manifest":1,"plugin":"tests/unlowered","alterations":[{"id":"1.0.0-1730000000-later"}]}"#,
    );
    let run = sandbox.runner(&["pack", &module, "--manifest", "alteration.json", "--out", "out"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("async up()"), "{}", run.stderr);
    assert!(run.stderr.contains("next:"), "{}", run.stderr);
    assert!(!sandbox.path().join("out").exists(), "something was written");
}

/// What needs no host is tested in Node.js; the types are checked there too.
#[test]
fn the_sdk_and_the_plugins_pass_their_own_tests() {
    for package in ["plugins/sdk-js", "plugins/initech/insights", "examples/logto"] {
        let output = Command::new("npm")
            .args(["test", "--silent"])
            .current_dir(support::root().join(package))
            .output()
            .expect("npm is there");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{package}: {text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(text.contains("fail 0") && !text.contains("pass 0"), "{package}: {text}");
    }
}
