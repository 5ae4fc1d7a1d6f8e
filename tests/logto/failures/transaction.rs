//! A script that fails in its transaction: here the original does well, and the runner says no less.

use super::{Twins, assert_said, ok, runner, script};

const ID: &str = "1.44.0-1790000000-unique-names";

#[test]
fn nothing_is_changed_and_both_say_so() {
    let up = "alter table hooks add column note text not null default '';
      alter table hooks add constraint hooks_name unique (tenant_id, name)";
    let twins = Twins::with(&[(ID, &script(up, "select 1"))]);
    twins.sql(
        "INSERT INTO hooks (tenant_id, id, name, events, config, signing_key)
         VALUES ('default', 'a', 'same', '[]', '{}', 'k'), ('default', 'b', 'same', '[]', '{}', 'k')",
    );
    let changed =
        "SELECT attname FROM pg_attribute WHERE attrelid = 'hooks'::regclass AND attname = 'note'";
    let cursor = twins.cursor();

    let why = "could not create unique index \"hooks_name\"";
    let nothing = "This alteration didn't change anything since it was in a transaction.";
    assert_said(&twins.deploy_theirs(), 1, &[why, nothing]);
    assert_eq!(twins.cursor(), cursor);
    let failed = runner(&twins.ours, &["deploy", "plugins"]);
    assert_said(
        &failed,
        1,
        &[ID, why, "add constraint hooks_name", "changed: nothing was altered"],
    );
    assert_eq!(twins.rows(changed), [[], []] as [[String; 0]; 2]);
    // An application does not start meanwhile, and the cause is told again.
    assert_said(&runner(&twins.ours, &["check", "plugins"]), 4, &[ID, why]);

    twins.sql("UPDATE hooks SET name = 'other' WHERE id = 'b'");
    assert_said(&twins.deploy_theirs(), 0, &[]);
    ok(&twins.ours, &["deploy", "plugins"]);
    assert_eq!(twins.rows(changed), [["note"], ["note"]]);
    ok(&twins.ours, &["check", "plugins"]);
}
