//! Components that are valid WebAssembly and still do not fit this runner: found before the
//! database is touched, with the interface and the function by name.

use crate::{
    samples::shop,
    support::Sandbox,
    transcript::Transcript,
    wasm::{self, IDLE, WIT},
};
use insta::assert_snapshot;

const FILE: &str = "plugins/acme/shop/1.0.0-1700000900-odd.wasm";
const NAME: &str = "acme/shop 1.0.0-1700000900-odd";

fn refused(seen: &mut Transcript<'_>, what: &str, component: &[u8], words: &[&str]) {
    seen.note(what);
    seen.sandbox.write(FILE, component);
    seen.refused_saying(1, &["deploy", "plugins"], &[&[NAME], words].concat());
}

#[test]
fn imports_that_this_runner_does_not_offer() {
    let sandbox = Sandbox::new();
    let mut seen = Transcript::of(&sandbox);
    let database = "runner:alteration/database@0.1.0";
    let table = [
        (
            "an unknown interface",
            r#"(component (import "acme:disk/files@1.0.0" (instance (export "read" (func)))))"#,
            &["acme:disk/files@1.0.0", database][..],
        ),
        (
            "another version",
            r#"(component (import "runner:alteration/database@0.9.0" (instance (export "execute" (func)))))"#,
            &["runner:alteration/database@0.9.0", database],
        ),
        (
            "an unknown function",
            r#"(component (import "runner:alteration/database@0.1.0" (instance (export "drop-all" (func)))))"#,
            &["drop-all", "execute-script"],
        ),
        (
            "a function of another type",
            r#"(component (import "runner:alteration/database@0.1.0" (instance (export "quote-identifier" (func (param "name" u32))))))"#,
            &["runner:alteration/database@0.1.0", "quote-identifier"],
        ),
        ("a bare function", r#"(component (import "read" (func)))"#, &["`read`"]),
        (
            "a core module",
            r#"(component (import "runner:alteration/log@0.1.0" (core module)))"#,
            &["runner:alteration/log@0.1.0"],
        ),
        (
            "a WASI interface that there is not",
            r#"(component (import "wasi:teleport/beam@0.2.0" (instance (export "up" (func)))))"#,
            &["wasi:teleport/beam@0.2.0"],
        ),
        (
            "WASI of a later version",
            r#"(component (import "wasi:clocks/wall-clock@0.9.0" (instance (export "now" (func)))))"#,
            &["wasi:clocks/wall-clock@0.9.0"],
        ),
    ];
    for (what, text, words) in table {
        refused(&mut seen, what, &wasm::from_text(text), words);
    }
    assert_snapshot!(seen);
}

#[test]
fn hooks_that_do_not_fit() {
    let sandbox = Sandbox::new();
    let mut seen = Transcript::of(&sandbox);
    refused(&mut seen, "exports nothing", &wasm::from_text("(component)"), &["exports nothing"]);
    // With a bare type it needs no other interface, so that only the export is of another version.
    let other = WIT.replace("runner:alteration@0.1.0", "runner:alteration@0.9.0").replace(
        "world hooks-only",
        "interface later { up: func(); } world hooks-later { export later; } world hooks-only",
    );
    let core = r#"(func (export "runner:alteration/later@0.9.0#up"))"#;
    let later = wasm::encode(&other, "hooks-later", core);
    refused(
        &mut seen,
        "another interface of another version",
        &later,
        &["later@0.9.0", "hooks@0.1.0"],
    );
    let only_up = WIT.replace("  down: func(alteration: string) -> result<_, error>;\n", "");
    let core = IDLE.replace("runner:alteration/hooks@0.1.0#down", "unused");
    refused(&mut seen, "no `down`", &wasm::encode(&only_up, "hooks-only", &core), &["down"]);
    let typed = WIT.replace(
        "  up: func(alteration: string) -> result<_, error>;",
        "  up: func(alteration: string) -> result<u32>;",
    );
    refused(&mut seen, "`up` of another type", &wasm::encode(&typed, "hooks-only", IDLE), &["up"]);
    let bare = r#"(component
        (core module $m (func (export "up")))
        (core instance $i (instantiate $m))
        (func (export "up") (canon lift (core func $i "up"))))"#;
    refused(&mut seen, "bare functions", &wasm::from_text(bare), &["`up`"]);
    assert_snapshot!(seen);
}

/// Found before the database is touched, not when their turn comes.
#[test]
fn optional_exports_of_other_types() {
    let sandbox = Sandbox::new();
    let mut seen = Transcript::of(&sandbox);
    let preparation = [
        IDLE,
        r#"
        (func (export "runner:alteration/preparation@0.1.0#before-up") (param i32) (result i32) i32.const 0)
        (func (export "runner:alteration/preparation@0.1.0#before-down") (param i32 i32) (result i32) i32.const 0)
        "#,
    ]
    .concat();
    let wit = WIT
        .replace("before-up: func(alteration: string)", "before-up: func(alteration: u32)")
        .replace("world hooks-only {", "world both { export preparation;");
    let component = wasm::encode(&wit, "both", &preparation);
    refused(&mut seen, "preparation", &component, &["`before-up`"]);
    let backfill = [
        IDLE,
        r#"(func (export "runner:alteration/backfill@0.1.0#step") (param i32 i32) (result i32) i32.const 0)"#,
    ]
    .concat();
    let wit = WIT
        .replace(
            "step: func(alteration: string, state: option<list<u8>>)",
            "step: func(alteration: string)",
        )
        .replace("world hooks-only {", "world both { export backfill;");
    let component = wasm::encode(&wit, "both", &backfill);
    refused(&mut seen, "backfill", &component, &["`step`"]);
    assert_snapshot!(seen);
}

/// The first three would run; not one of them does.
#[test]
fn one_that_does_not_fit_stops_all_of_them() {
    let sandbox = shop();
    sandbox.write(FILE, wasm::from_text("(component)"));
    let mut seen = Transcript::of(&sandbox);
    seen.refused_saying(1, &["deploy", "plugins"], &[NAME]);
    assert!(!sandbox.database().exists());
    seen.refused(1, &["deploy", "plugins", "--format", "json"]);
    assert_snapshot!(seen);
}

/// That these components are refused for what is odd in them, and not for how they were made.
#[test]
fn an_idle_component_deploys_without_a_manifest() {
    let sandbox = Sandbox::new();
    sandbox.write(FILE, wasm::encode(WIT, "hooks-only", IDLE));
    let mut seen = Transcript::of(&sandbox);
    assert_eq!(seen.run(&["deploy", "plugins"]).code, Some(0));
    assert_eq!(seen.run(&["rollback", "--steps", "1"]).code, Some(0));
    assert_snapshot!(seen);
}

#[test]
fn a_trap_names_the_hook_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let core = IDLE.replace(
        "#up\") (param i32 i32) (result i32) i32.const 0",
        "#up\") (param i32 i32) (result i32) unreachable",
    );
    sandbox.write(FILE, wasm::encode(WIT, "hooks-only", &core));
    let mut seen = Transcript::of(&sandbox);
    let run = seen.run(&["deploy", "plugins"]);
    assert_eq!(run.code, Some(1));
    crate::transcript::assert_explained(&run);
    assert_eq!(sandbox.dump(), "");
    assert_snapshot!(seen);
}
