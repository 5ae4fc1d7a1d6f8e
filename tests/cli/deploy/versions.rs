//! Components of other versions than this runner's: of `runner:alteration`, by the rule of
//! `runner/decisions/0005`, and of WASI.

use crate::{
    support::Sandbox,
    transcript::Transcript,
    wasm::{self, IDLE, WIT},
};
use insta::assert_snapshot;

const FILE: &str = "plugins/acme/shop/1.0.0-1700000900-other.wasm";
const NAME: &str = "acme/shop 1.0.0-1700000900-other";

/// The package of a later version, with a function and an interface that there is none of today.
fn later(version: &str) -> String {
    WIT.replace("runner:alteration@0.1.0", &format!("runner:alteration@{version}"))
        .replace("  log: func(", "  beep: func();\n  log: func(")
        .replace("/// What the host offers.", "interface clock { tick: func() -> u64; }\n")
        .replace("import settings; }", "import settings; import clock; }")
}

/// A component of a world of [`later`] that calls `import` in `up`.
fn calling(wit: &str, version: &str, (import, function): (&str, &str)) -> Vec<u8> {
    let results = if function == "tick" { "(result i64)" } else { "" };
    let parameters = match function {
        "progress" => "(param i64 i32 i64)",
        _ => "",
    };
    let call = match function {
        "progress" => "i64.const 1 i32.const 0 i64.const 0 call $f",
        "tick" => "call $f drop",
        _ => "call $f",
    };
    let core = format!(
        r#"(import "runner:alteration/{import}@{version}" "{function}" (func $f {parameters} {results}))
        {}"#,
        IDLE.replace("@0.1.0", &format!("@{version}")).replacen(
            "i32.const 0)",
            &format!("{call} i32.const 0)"),
            1
        )
    );
    wasm::encode(wit, "alteration", &core)
}

fn deploys(sandbox: &Sandbox, component: &[u8]) {
    sandbox.write(FILE, component);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox.ok(&["rollback", "--steps", "1"]);
    assert_eq!(sandbox.state(), [format!("{NAME} reverted")]);
}

/// Whoever builds against a later version and uses nothing new needs no newer runner.
#[test]
fn a_later_version_that_uses_what_is_there() {
    for version in ["0.1.1", "0.1.27"] {
        let component = calling(&later(version), version, ("log", "progress"));
        deploys(&Sandbox::new(), &component);
        let idle = IDLE.replace("@0.1.0", &format!("@{version}"));
        deploys(&Sandbox::new(), &wasm::encode(&later(version), "hooks-only", &idle));
    }
}

#[test]
fn what_needs_a_newer_runner() {
    let sandbox = Sandbox::new();
    let mut seen = Transcript::of(&sandbox);
    let mut refused = |what: &str, component: &[u8], words: &[&str]| {
        seen.note(what);
        seen.sandbox.write(FILE, component);
        seen.refused_saying(1, &["deploy", "plugins"], &[&[NAME], words].concat());
    };
    let wit = later("0.1.1");
    let beep = calling(&wit, "0.1.1", ("log", "beep"));
    refused("a function of 0.1.1", &beep, &["beep", "version 0.1.1", "speaks 0.1.0"]);
    let tick = calling(&wit, "0.1.1", ("clock", "tick"));
    refused("an interface of 0.1.1", &tick, &["clock@0.1.1", "version 0.1.1", "speaks 0.1.0"]);
    let next = calling(&later("0.2.0"), "0.2.0", ("log", "progress"));
    refused("0.2.0", &next, &["@0.2.0", "version 0.2.0", "speaks 0.1.0"]);
    let idle = |version: &str| {
        let core = IDLE.replace("@0.1.0", &format!("@{version}"));
        wasm::encode(&later(version), "hooks-only", &core)
    };
    refused("hooks of 0.2.0", &idle("0.2.0"), &["0.2.0", "speaks 0.1.0"]);
    refused("hooks of a release to come", &idle("0.1.1-rc.1"), &["0.1.1-rc.1", "speaks 0.1.0"]);
    let hook = "  down: func(alteration: string) -> result<_, error>;\n";
    let more = wit.replacen(hook, &format!("{hook}  verify: func() -> u32;\n"), 1);
    let core = IDLE.replace("@0.1.0", "@0.1.1")
        + r#"(func (export "runner:alteration/hooks@0.1.1#verify") (result i32) i32.const 0)"#;
    let verify = wasm::encode(&more, "hooks-only", &core);
    refused("a hook of 0.1.1", &verify, &["verify", "hooks@0.1.1", "speaks 0.1.0"]);
    let more = wit.replace(
        "world hooks-only { export hooks; }",
        "interface verification { verify: func() -> u32; } world hooks-only { export hooks; export verification; }",
    );
    let core = core.replace("hooks@0.1.1#verify", "verification@0.1.1#verify");
    let verification = wasm::encode(&more, "hooks-only", &core);
    refused("hooks of an interface of 0.1.1", &verification, &["verification@0.1.1"]);
    // By the rule this is no 0.1.1. It is not linked as one.
    let typed = wit.replace("done: u64, total: option<u64>);", "done: u64, total: u64);");
    let core = format!(
        r#"(import "runner:alteration/log@0.1.1" "progress" (func $f (param i64 i64)))
        {}"#,
        IDLE.replace("@0.1.0", "@0.1.1").replacen(
            "i32.const 0)",
            "i64.const 0 i64.const 0 call $f i32.const 0)",
            1
        )
    );
    let typed = wasm::encode(&typed, "alteration", &core);
    refused("another type", &typed, &["progress", "version 0.1.1"]);
    let old = calling(&later("0.0.9"), "0.0.9", ("log", "progress"));
    refused("0.0.9", &old, &["@0.0.9", "@0.1.0"]);
    assert_snapshot!(seen);
}

/// A component that imports `import` of a WASI that is written in `package`, and whose `up` is `calls`, with the
/// function in question as `$f`.
fn of_wasi(package: &str, import: &str, function: &str, signature: &str, calls: &str) -> Vec<u8> {
    let world = format!("world of-wasi {{ import {import}; export hooks; }} world hooks-only {{");
    let wit = WIT.replace("world hooks-only {", &world) + package;
    let core = format!(
        r#"(import "{import}" "{function}" (func $f {signature})) {}"#,
        IDLE.replacen("i32.const 0)", &format!("{calls} i32.const 0)"), 1)
    );
    wasm::encode(&wit, "of-wasi", &core)
}

const CLI: &str = "
    interface environment {
        get-environment: func() -> list<tuple<string, string>>;
        get-initial-cwd: func() -> option<string>;
        }
    interface exit { exit: func(status: result); exit-later: func(); }";
const CLOCKS: &str = "
    interface monotonic-clock { now: func() -> u64; get-resolution: func() -> u64; }
    interface system-clock {
        record instant { seconds: s64, nanoseconds: u32 }
        now: func() -> instant;
    }";
const FILES: &str = "
    interface types { resource descriptor { is-same: func(other: borrow<descriptor>) -> bool; } }
    interface preopens {
        use types.{descriptor};
        get-directories: func() -> list<tuple<descriptor, string>>;
    }";
const RANDOM: &str = "
    interface random { get-random-bytes: func(max-len: u64) -> list<u8>; get-random-u64: func() -> u64; }
    interface insecure-seed { get-insecure-seed: func() -> tuple<u64, u64>; }";
const HTTP: &str = "
    interface client { send: func(request: u32) -> result<u32>; }";

/// Traps unless the second word at 2048, where the answer is, is `$n`.
fn expects(second_word: u32) -> String {
    format!(
        "(if (i32.ne (i32.load (i32.const 2052)) (i32.const {second_word})) (then unreachable))"
    )
}

/// Whatever version of WASI a toolchain's runtime is made for: it is there, and nothing is behind it.
#[test]
fn wasi_of_other_versions() {
    let asks = "i32.const 2048 call $f";
    let none = format!("{asks} {}", expects(0));
    let eight = format!("i64.const 8 {asks} {}", expects(8));
    let is = |n: u32| format!("(if (i64.ne (call $f) (i64.const {n})) (then unreachable))");
    let table = [
        ("cli", CLI, "environment", "get-environment", "(param i32)", none.clone()),
        ("cli", CLI, "environment", "get-initial-cwd", "(param i32)", asks.to_owned()),
        ("clocks", CLOCKS, "monotonic-clock", "now", "(result i64)", is(0)),
        ("clocks", CLOCKS, "monotonic-clock", "get-resolution", "(result i64)", is(1)),
        ("filesystem", FILES, "preopens", "get-directories", "(param i32)", none),
        ("random", RANDOM, "random", "get-random-bytes", "(param i64 i32)", eight),
        ("random", RANDOM, "insecure-seed", "get-insecure-seed", "(param i32)", asks.to_owned()),
    ];
    for version in ["0.3.0", "0.3.9", "0.3.0-rc-2025-09-16", "0.2.0", "0.2.99"] {
        for (package, interfaces, interface, function, signature, calls) in &table {
            let import = format!("wasi:{package}/{interface}@{version}");
            let package = format!("package wasi:{package}@{version} {{ {interfaces} }}");
            let component = of_wasi(&package, &import, function, signature, calls);
            let sandbox = Sandbox::new();
            sandbox.write(FILE, component);
            let run = sandbox.runner(&["deploy", "plugins"]);
            assert_eq!(run.code, Some(0), "{import} {function}: {run:#?}");
        }
    }
    let package = format!("package wasi:clocks@0.3.0 {{ {CLOCKS} }}");
    let import = "wasi:clocks/system-clock@0.3.0";
    deploys(&Sandbox::new(), &of_wasi(&package, import, "now", "(param i32)", asks));
}

/// A hook that calls what cannot be answered with nothing is told apart from one that is wrong.
#[test]
fn wasi_that_is_called_and_not_there() {
    let mut all = String::new();
    let table = [
        ("cli", CLI, "exit", "exit", "(param i32)", "i32.const 0 call $f", "0.3.0"),
        // A function that later versions of 0.2 have, in an interface that is there.
        ("cli", CLI, "exit", "exit-later", "", "call $f", "0.2.99"),
        (
            "filesystem",
            FILES,
            "types",
            "[method]descriptor.is-same",
            "(param i32 i32) (result i32)",
            "i32.const 1 i32.const 1 call $f drop",
            "0.3.0",
        ),
        (
            "http",
            HTTP,
            "client",
            "send",
            "(param i32 i32)",
            "i32.const 1 i32.const 2048 call $f",
            "0.3.0",
        ),
    ];
    for (package, interfaces, interface, function, signature, calls, version) in table {
        let import = format!("wasi:{package}/{interface}@{version}");
        let package = format!("package wasi:{package}@{version} {{ {interfaces} }}");
        let idle = of_wasi(&package, &import, function, signature, "");
        deploys(&Sandbox::new(), &idle);
        let sandbox = Sandbox::new();
        let mut seen = Transcript::of(&sandbox);
        sandbox.write(FILE, of_wasi(&package, &import, function, signature, calls));
        let run = seen.run(&["deploy", "plugins"]);
        assert_eq!(run.code, Some(1), "{import}: {run:#?}");
        crate::transcript::assert_explained(&run);
        all.push_str(&seen.to_string());
    }
    assert_snapshot!(all);
}

/// Returns what a toolchain for WASI 0.3 brings along whether a hook uses it or not: functions that may wait, streams
/// and futures, and the calls that make and read them.
fn waiting(calls: &str) -> Vec<u8> {
    let imports = r#"
        (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
            (export "wait-for" (func async (param "how-long" u64)))))
        (import "wasi:cli/stdout@0.3.0" (instance $out
            (type $bytes (stream u8)) (type $end (future (result)))
            (export "write-via-stream" (func (param "data" $bytes) (result $end)))))
        (type $bytes (stream u8))
        (alias export $clock "wait-for" (func $wait-for))
        (alias export $out "write-via-stream" (func $write))
        (core module $nothing (memory (export "memory") 1))
        (core instance $nothing (instantiate $nothing))
        (core func $wait (canon lower (func $wait-for)))
        (core func $begin (canon lower (func $wait-for) async))
        (core func $write (canon lower (func $write)))
        (core func $new (canon stream.new $bytes))
        (core func $set (canon waitable-set.new))
        "#;
    let core = r#"
            (import "w" "wait" (func $wait (param i64)))
            (import "w" "begin" (func $begin (param i64) (result i32)))
            (import "w" "write" (func $write (param i32) (result i32)))
            (import "w" "new" (func $new (result i64)))
            (import "w" "set" (func $set (result i32)))"#;
    let instance = r#"(with "w" (instance
            (export "wait" (func $wait)) (export "begin" (func $begin))
            (export "write" (func $write)) (export "new" (func $new)) (export "set" (func $set))))"#;
    // As wit-component lifts the hooks of `IDLE`.
    let error = r#"
            (type $kind (enum "constraint" "serialization" "denied" "limit" "syntax" "conversion" "disconnected" "other"))
            (export "error-kind" (type $kind-named (eq $kind)))
            (type $error (record (field "kind" $kind-named) (field "message" string)
                (field "sqlstate" (option string)) (field "constraint" (option string)) (field "retryable" bool)))
            (export "error" (type $error-named (eq $error)))"#;
    wasm::from_text(&format!(
        r#"(component
        (import "runner:alteration/types@0.1.0" (instance $types {error}))
        (alias export $types "error" (type $error))
        {imports}
        (core module $guest {core}
            (memory (export "memory") 1)
            (func (export "up") (param i32 i32) (result i32) {calls} i32.const 0)
            (func (export "down") (param i32 i32) (result i32) i32.const 0)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024))
        (core instance $guest (instantiate $guest {instance}))
        (func $up (param "alteration" string) (result (result (error $error)))
            (canon lift (core func $guest "up") (memory $guest "memory") (realloc (func $guest "realloc"))))
        (func $down (param "alteration" string) (result (result (error $error)))
            (canon lift (core func $guest "down") (memory $guest "memory") (realloc (func $guest "realloc"))))
        (instance $hooks (export "up" (func $up)) (export "down" (func $down)))
        (export "runner:alteration/hooks@0.1.0" (instance $hooks)))"#
    ))
}

#[test]
fn wasi_that_waits() {
    let sandbox = Sandbox::new();
    deploys(&sandbox, &waiting(""));
    // Taken from the cache.
    deploys(&sandbox, &waiting(""));
    let table = [
        ("i64.const 1 call $wait", "wasi:clocks/monotonic-clock@0.3.0#wait-for"),
        ("i64.const 1 call $begin drop", "asynchronous call of an import"),
        ("i32.const 1 call $write drop", "wasi:cli/stdout@0.3.0#write-via-stream"),
        ("call $new drop", "asynchronous stream new"),
        ("call $set drop", "asynchronous waitable set new"),
    ];
    for (calls, named) in table {
        let sandbox = Sandbox::new();
        sandbox.write(FILE, waiting(calls));
        let run = sandbox.runner(&["deploy", "plugins"]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        let message = format!("the hook called `{named}`, which is not there");
        assert!(run.stderr.contains(&message), "{named}: {}", run.stderr);
        crate::transcript::assert_explained(&run);
    }
}
