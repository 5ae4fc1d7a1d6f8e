//! Guests that run ahead of their turn: nobody hears of them before it, and nobody waits for them in vain.

use super::{component, deploy, support::Sandbox};
use alteration_pack::section;
use std::sync::OnceLock;

/// A sandbox with these guests as one plugin's alterations, in this order.
pub(super) fn chain(guests: &[&str]) -> Sandbox {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    let component = COMPONENT.get_or_init(|| component("hostile"));
    let declaration = |(at, guest): (usize, &&str)| {
        let (seconds, name) = (1_700_000_000 + at, guest.replace('_', "-"));
        format!(r#"{{"id":"1.0.0-{seconds}-{name}","checksum":"{at:064}"}}"#)
    };
    let declarations: Vec<String> = guests.iter().enumerate().map(declaration).collect();
    let manifest = format!(
        r#"{{"manifest":1,"plugin":"hostile/guests","alterations":[{}]}}"#,
        declarations.join(",")
    );
    let sandbox = Sandbox::guarded();
    let bytes = section::append(component, manifest.as_bytes()).expect("a component");
    sandbox.write("plugins/guest.wasm", bytes);
    sandbox
}

fn history(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows("SELECT id || ' ' || event FROM alteration_history ORDER BY sequence")
}

/// Nobody waits for it, and nothing is recorded of it.
#[test]
fn an_endless_loop_is_ended_with_the_failure_before_it() {
    let sandbox = chain(&["error", "endless_loop"]);
    let run = deploy(&sandbox, &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("1.0.0-1700000000-error"), "{}", run.stderr);
    assert!(!run.stderr.contains("up   hostile/guests 1.0.0-1700000001"), "{}", run.stderr);
    let first = "1.0.0-1700000000-error";
    assert_eq!(history(&sandbox), [format!("{first} started"), format!("{first} failed")]);
}

#[test]
fn what_it_says_is_not_heard_when_its_turn_never_comes() {
    let heard = deploy(&chain(&["every_value", "log_escapes"]), &[]);
    assert!(heard.stderr.contains("isolate"), "{}", heard.stderr);
    let run = deploy(&chain(&["error", "log_escapes"]), &[]);
    assert!(run.stderr.contains("the guest says no"), "{}", run.stderr);
    assert!(!run.stderr.contains("isolate"), "{}", run.stderr);
}

/// Its failure is its own, and comes in its own turn.
#[test]
fn a_trap_fails_in_its_turn() {
    let sandbox = chain(&["every_value", "trap"]);
    let run = deploy(&sandbox, &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let (first, second) = ("1.0.0-1700000000-every-value", "1.0.0-1700000001-trap");
    let expected = [
        format!("{first} started"),
        format!("{first} done"),
        format!("{second} started"),
        format!("{second} failed"),
    ];
    assert_eq!(history(&sandbox), expected);
}
