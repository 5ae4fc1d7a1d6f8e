//! A database that is not the one that scripts were written for: empty, somebody else's, or under another name.

use super::{Twins, assert_said, ok, runner, script};
use crate::{
    component::{self, pack},
    original::{AFTER, Original},
    place::Place,
    support::Sandbox,
};

const TABLES: &str = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1";

/// The chain begins with a table of its own, and then alters those that a new database has.
const SECOND: &str = "1.0.0_beta.10-1663923211-machine-to-machine-app";

#[test]
fn a_database_of_another_application() {
    let place = Place::start();
    let [theirs, ours] = [(); 2].map(|()| place.sandbox());
    for sandbox in [&theirs, &ours] {
        sandbox.sql("CREATE TABLE orders (id integer)");
    }
    let original = Original::install(&theirs, AFTER);
    let run = original.run(&theirs, &["db", "alteration", "deploy", "latest"]);
    assert_said(
        &run,
        1,
        &["type \"application_type\" does not exist", "This alteration didn't change anything"],
    );
    assert_eq!(
        theirs.rows(TABLES),
        ["_logto_configs", "orders"],
        "of the one before that is true no more"
    );

    pack(&ours, AFTER);
    let warned = "1 table was here before any alteration was recorded";
    let plan = component::runner(&ours, &["plan", "plugins"]);
    assert_said(&plan, 0, &[warned, "runner baseline"]);
    assert_said(&component::runner(&ours, &["check", "plugins"]), 3, &[warned]);
    let run = component::runner(&ours, &["deploy", "plugins"]);
    let stays = format!("1 alteration before it stays applied; nothing of logto/core {SECOND}");
    assert_said(&run, 1, &[warned, "type \"application_type\" does not exist", &stays]);
    // It can be taken back as if it had never been.
    ok(&ours, &["rollback", "--plugin", "logto/core", "--to", "none"]);
    assert_eq!(ours.rows(TABLES), ["orders"]);
}

#[test]
fn an_empty_database() {
    let place = Place::start();
    let [theirs, ours] = [(); 2].map(|()| place.sandbox());
    let original = Original::install(&theirs, AFTER);
    let run = original.run(&theirs, &["db", "alteration", "deploy", "latest"]);
    assert_said(&run, 1, &["type \"application_type\" does not exist"]);
    // It is no empty one any more, which a new installation would ask for.
    assert_eq!(theirs.rows(TABLES), ["_logto_configs"]);

    // The runner cannot know either, but a dry run can, and says so before anything is altered.
    pack(&ours, AFTER);
    let run = component::runner(&ours, &["deploy", "plugins", "--dry-run"]);
    assert_said(
        &run,
        1,
        &[SECOND, "type \"application_type\" does not exist", "this was a dry run"],
    );
    assert_eq!(ours.rows(TABLES), Vec::<String>::new());
    let run = component::runner(&ours, &["deploy", "plugins"]);
    assert_said(&run, 1, &[SECOND, "1 alteration before it stays applied"]);
    ok(&ours, &["rollback", "--plugin", "logto/core", "--to", "none"]);
    assert_eq!(ours.rows(TABLES), Vec::<String>::new());
}

#[test]
fn a_database_of_logto_that_the_runner_was_not_told_of() {
    let twins = Twins::seeded(|_, _| ());
    pack(&twins.ours, AFTER);
    let before = dump(&twins.ours);
    // The original's own record says how far it is; the runner has none yet, and says what to do.
    assert_said(&twins.deploy_theirs(), 0, &["Found 0 alteration"]);
    let run = component::runner(&twins.ours, &["deploy", "plugins"]);
    let warned = "tables were here before any alteration was recorded";
    let exists = "enum label \"MachineToMachine\" already exists";
    assert_said(&run, 1, &[warned, "runner baseline", SECOND, exists]);

    ok(&twins.ours, &["rollback", "--plugin", "logto/core", "--to", "none"]);
    assert!(before == dump(&twins.ours), "it is as it was");
    component::ok(&twins.ours, &["baseline", "plugins", "--to", "logto/core@latest"]);
    assert_said(&runner(&twins.ours, &["check", "plugins"]), 0, &["is up to date"]);
}

#[test]
fn a_renamed_database() {
    const ID: &str = "1.44.0-1790000000-add-notes";
    // Logto's helper grants to a role whose name holds the database's.
    let notes = script("create table notes (tenant_id varchar(21) not null)", "drop table notes")
        .replace(
            "export",
            "import { applyTableRls } from './utils/1704934999-tables.js';\n\nexport",
        )
        .replacen("`);\n", "`);\n    await applyTableRls(pool, 'notes');\n", 1);
    let mut twins = Twins::with(&[(ID, &notes)]);
    let table = "SELECT relname FROM pg_class WHERE relname = 'notes'";
    let [old_theirs, old_ours] = [&mut twins.theirs, &mut twins.ours].map(renamed);
    // What is recorded of the database is in it, and goes with it.
    assert_said(&runner(&twins.ours, &["check", "plugins"]), 3, &[ID]);

    // Both run the very same script, which fails on both, in a transaction.
    let missing =
        |sandbox: &Sandbox| format!("role \"{}\" does not exist", role(sandbox.server().name()));
    assert_said(&twins.deploy_theirs(), 1, &[&missing(&twins.theirs)]);
    let failed = runner(&twins.ours, &["deploy", "plugins"]);
    assert_said(&failed, 1, &[&missing(&twins.ours), "grant select", "nothing was altered"]);
    assert_eq!(twins.rows(table), [[], []] as [[String; 0]; 2]);

    for (sandbox, old) in [(&twins.theirs, old_theirs), (&twins.ours, old_ours)] {
        let (old, new) = (role(&old), role(sandbox.server().name()));
        sandbox.server().admin_sql(&format!("ALTER ROLE {old} RENAME TO {new};"));
    }
    assert_said(&twins.deploy_theirs(), 0, &["Found 1 alteration"]);
    ok(&twins.ours, &["deploy", "plugins"]);
    assert_eq!(twins.rows(table), [["notes"], ["notes"]]);
    ok(&twins.ours, &["check", "plugins"]);
}

/// All but the runner's own, and the key that pg_dump makes up each time.
fn dump(sandbox: &Sandbox) -> String {
    let dump = sandbox.server().pg_dump(&["--exclude-schema=alterations"]);
    dump.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n")
}

/// Gives it another name, and gives back the old one.
fn renamed(sandbox: &mut Sandbox) -> String {
    let old = sandbox.server().name().to_owned();
    sandbox.server_mut().rename();
    old
}

fn role(database: &str) -> String {
    format!("logto_tenant_{database}")
}
