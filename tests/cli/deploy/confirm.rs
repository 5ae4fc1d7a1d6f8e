//! Without a terminal `deploy` does nothing unless it was told yes.

use crate::{
    samples::shop,
    terminal::{answered as run, next_command, paste},
};

#[test]
fn a_deploy_is_refused_and_its_message_leads_on() {
    let sandbox = shop();
    let refused = run(&sandbox, &["deploy", "plugins"], None);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("sqlite:app.db: 3 alterations to apply"), "{refused:#?}");
    let told = "error: 3 alterations would be applied, and there is no terminal to ask at\n  \
                changed: nothing was altered\n  \
                next: if that is right, set RUNNER_YES=1 or run:\n      \
                runner deploy --yes plugins --database sqlite:app.db\n";
    assert!(refused.stderr.ends_with(told), "{refused:#?}");
    assert_eq!(refused.stdout, "");
    assert!(!sandbox.database().exists(), "not even the database was made");
    let pasted = paste(&sandbox, next_command(&refused));
    assert_eq!(pasted.code, Some(0), "{pasted:#?}");
    assert_eq!(sandbox.state().len(), 3);
    // There is nothing to ask about any more.
    assert_eq!(run(&sandbox, &["deploy", "plugins"], None).code, Some(0));
}

#[test]
fn what_needs_no_yes() {
    let sandbox = shop();
    for args in [&["deploy", "plugins", "--dry-run"][..], &["plan", "plugins"]] {
        assert_eq!(run(&sandbox, args, None).code, Some(0), "{args:?}");
    }
    assert_eq!(run(&sandbox, &["deploy", "plugins", "--yes"], None).code, Some(0));
}

#[test]
fn values_of_the_variable() {
    let table = [
        ("1", Some(0)),
        ("true", Some(0)),
        ("YES", Some(0)),
        ("", Some(2)),
        ("0", Some(2)),
        ("false", Some(2)),
        ("No", Some(2)),
        ("perhaps", Some(2)),
    ];
    for (value, code) in table {
        let sandbox = shop();
        let deployed = run(&sandbox, &["deploy", "plugins"], Some(value));
        assert_eq!(deployed.code, code, "{value:?}: {deployed:#?}");
        assert_eq!(sandbox.database().exists(), code == Some(0), "{value:?}");
    }
    // A flag says yes whatever the variable says.
    assert_eq!(run(&shop(), &["deploy", "plugins", "--yes"], Some("0")).code, Some(0));
}

#[test]
fn programs_are_told_too() {
    let refused = run(&shop(), &["deploy", "plugins", "--format", "json"], None);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    let document: serde_json::Value = serde_json::from_str(&refused.stdout).expect("JSON");
    assert_eq!(document["error"]["exit_code"], 2);
    let command = "runner deploy --yes plugins --format json --database sqlite:app.db";
    assert_eq!(document["error"]["commands"], serde_json::json!([command]));
}
