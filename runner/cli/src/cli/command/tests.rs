//! Commands as they are completed, and what is left out of them.

use super::{complete, with_flag, with_value, without_flag, without_password, without_values};

#[test]
fn commands_are_completed_where_they_take_a_database() {
    super::remember("postgres://u:p@h/d", &["a b".into()], Some("rec"), None);
    let flags = "--database postgres://u@h/d --state-schema rec";
    let table = [
        ("runner status", format!("runner status {flags}")),
        ("runner deploy", format!("runner deploy 'a b' {flags}")),
        ("runner rollback --steps 1", format!("runner rollback --steps 1 {flags}")),
        ("runner baseline PLUGINS --to x", format!("runner baseline 'a b' --to x {flags}")),
        ("runner resolve --help", "runner resolve --help".to_owned()),
        ("runner release", "runner release".to_owned()),
        ("--changed allow", "--changed allow".to_owned()),
    ];
    for (command, expected) in table {
        assert_eq!(complete(command, None), expected);
    }
    assert_eq!(
        super::completed("see `runner status`; or `ls`", &[]),
        format!("see `runner status {flags}`; or `ls`")
    );
}

#[test]
fn flags_are_completed_where_their_value_is_known() {
    super::remember("postgres://u:p@h/d", &["a b".into()], Some("rec"), None);
    let deploy = |flag: &str| format!("runner deploy {flag} 'a b' --database postgres://u@h/d");
    let records = " --state-schema rec";
    let table = [
        ("--changed allow", Some(deploy("--changed allow") + records)),
        ("--allow-drafts", Some(deploy("--allow-drafts") + records)),
        ("--state-schema 'my own'", Some(deploy("--state-schema 'my own'"))),
        // Only a person knows the value.
        ("--changed", None),
        ("--with FILE", None),
        ("--to VENDOR/NAME@ID", None),
        ("--set acme/shop:REGION=eu", None),
        // No verb takes it, or a deploy does not.
        ("--set-gtid-purged=OFF", None),
        ("--baselined allow", None),
    ];
    for (flag, expected) in table {
        assert_eq!(with_flag(flag, None), expected, "{flag}");
    }
    assert_eq!(
        complete("runner deploy --allow-drafts", Some("check")),
        deploy("--allow-drafts") + records
    );
    let back = super::completed_for("`--wait 30s` waits for it", &[], Some("rollback"));
    assert!(back[1..].starts_with("runner rollback --wait 30s"), "{back}");
    assert!(back.ends_with("; a rollback deletes the data that it takes back"), "{back}");
    let below = ["runner deploy --changed allow".to_owned()];
    let text = "keep it with `--changed allow`";
    assert_eq!(super::completed(text, &below), text);
    let own = with_flag("--baselined allow", Some("rollback")).expect("it takes the flag");
    assert!(own.starts_with("runner rollback --baselined allow"), "{own}");
}

#[test]
fn a_flag_goes_with_its_value() {
    let words = ["p", "--changed", "deny", "--changed=deny", "--changed-x", "--yes", "q"];
    let words = || words.map(str::to_owned).to_vec();
    let table = [
        ("--changed", true, vec!["p", "--changed-x", "--yes", "q"]),
        ("--yes", false, vec!["p", "--changed", "deny", "--changed=deny", "--changed-x", "q"]),
    ];
    for (name, takes_value, expected) in table {
        assert_eq!(without_flag(words(), name, takes_value), expected);
    }
}

#[test]
fn a_command_line_shows_no_values() {
    let words = ["deploy", "p", "--set", "a/b:KEY=s3cret", "--set=a/b:OTHER=s3cret=", "--set"];
    let shown: Vec<_> = without_values(words.map(str::to_owned).into_iter()).collect();
    assert_eq!(shown, ["deploy", "p", "--set", "a/b:KEY=…", "--set=a/b:OTHER=…", "--set"]);
}

#[test]
fn a_flag_gets_another_value() {
    let words = ["rollback", "--export", "a", "--yes", "--export=b", "--exported"];
    let shown: Vec<_> = with_value(words.map(str::to_owned).into_iter(), "--export", "c").collect();
    assert_eq!(shown, ["rollback", "--export", "c", "--yes", "--export=c", "--exported"]);
}

#[test]
fn a_url_keeps_all_but_its_password() {
    let table = [
        ("sqlite:demo.db?mode=rwc", "sqlite:demo.db?mode=rwc"),
        ("postgres://h/d", "postgres://h/d"),
        ("postgres://u@h:5/d?search_path=a", "postgres://u@h:5/d?search_path=a"),
        ("postgres://u:p@h/d", "postgres://u@h/d"),
        ("mysql://u:p@q:r@h/d?a=b", "…"),
        ("--database=postgres://u:p@h/d", "--database=postgres://u@h/d"),
        ("--rehearse-on=postgres://u:p@q@h/d", "--rehearse-on=…"),
        ("postgres://h/d?password=p&sslmode=require", "postgres://h/d?sslmode=require"),
        ("postgres:///d?password=p", "postgres:///d"),
        ("plugins", "plugins"),
        ("acme/app:entropy", "acme/app:entropy"),
    ];
    for (text, expected) in table {
        assert_eq!(without_password(text), expected);
    }
}
