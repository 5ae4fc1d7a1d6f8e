//! What is written in quotes is stored as it was written: the original edits each statement before it sends it.

use super::{Twins, assert_said, ok, script};

const SPACES: &str = "1.44.0-1790000000-add-mail-templates";
const DASHES: &str = "1.44.0-1790000001-add-signature";

#[test]
fn white_space_and_comments_inside_of_literals() {
    let templates = "create table templates (id integer, text text);
      insert into templates values
        (1, 'two  spaces, a\\ttab'),
        (2, 'Dear customer,\\n\\n  welcome'),
        (3, 'body { /* brand */ color: red }')";
    let signature = "insert into templates values (4, 'Yours -- the team')";
    let twins = Twins::with(&[
        (SPACES, &script(templates, "drop table templates")),
        (DASHES, &script(signature, "delete from templates where id = 4")),
    ]);
    let stored = "SELECT text FROM templates ORDER BY id";

    let run = twins.deploy_theirs();
    assert_said(&run, 1, &["unterminated quoted string", DASHES]);
    let theirs = twins.theirs.rows(stored);
    assert_eq!(theirs, ["two spaces, a tab", "Dear customer, welcome", "body { color: red }"]);

    ok(&twins.ours, &["deploy", "plugins"]);
    assert_eq!(
        twins.ours.rows(stored),
        [
            "two  spaces, a\ttab",
            "Dear customer,\n\n  welcome",
            "body { /* brand */ color: red }",
            "Yours -- the team"
        ]
    );
}
