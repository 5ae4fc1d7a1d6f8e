//! SQLite: what `alters` gives a confined plugin on a table of others, what it takes back, and what it must not do beyond that.
//!
//! The database is that of the attacks; each scenario deploys one alteration of `evil/x` and rolls it back.

use crate::{
    sqlite::{copy, difference, ground, rest},
    support::{Run, Sandbox},
};

const ID: &str = "1.0.0-2-b";
const AUDIT: &str = "alters app:audit";
const TABLE: &str = "SELECT sql FROM sqlite_schema WHERE name = 'audit'";
const INDEXES: &str = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'audit'";

#[derive(Default)]
struct Scenario {
    name: &'static str,
    /// What is asked for and granted beside [`AUDIT`].
    also: &'static [&'static str],
    up: &'static str,
    down: &'static str,
    /// What the application does between the two.
    between: &'static str,
    /// What it does after the way back.
    after: &'static str,
    /// What the deploy is refused for.
    refused: Option<&'static str>,
    /// What the way back is refused for.
    stays: Option<&'static str>,
    /// A query after the deploy, and its rows.
    then: Option<(&'static str, &'static str)>,
}

fn scenarios() -> Vec<Scenario> {
    let added = "ALTER TABLE audit ADD COLUMN at TEXT DEFAULT 'x' CHECK (at <> '');
        UPDATE audit SET at = 'now'; CREATE INDEX audit_at ON audit (at);";
    vec![
        Scenario {
            name: "a column and an index, and back",
            up: added,
            down: "DROP INDEX audit_at; ALTER TABLE audit DROP COLUMN at;",
            then: Some(("SELECT at FROM audit", "now")),
            ..Scenario::default()
        },
        Scenario {
            name: "back where the application has added a column since",
            up: added,
            between: "ALTER TABLE audit ADD COLUMN who TEXT",
            after: "ALTER TABLE audit DROP COLUMN who",
            down: "DROP INDEX audit_at; ALTER TABLE audit DROP COLUMN At;",
            ..Scenario::default()
        },
        Scenario {
            name: "a column that refers to its own table, and back",
            up: "ALTER TABLE audit ADD COLUMN lent_id INTEGER REFERENCES lent (id);",
            down: "ALTER TABLE audit DROP COLUMN lent_id;",
            ..Scenario::default()
        },
        Scenario {
            name: "takes a column of the application's along",
            up: added,
            down: "DROP INDEX audit_at; ALTER TABLE audit DROP COLUMN at; ALTER TABLE audit DROP COLUMN what;",
            stays: Some("the table `audit` of the application would be another one"),
            ..Scenario::default()
        },
        Scenario {
            name: "drops what another plugin added",
            up: "ALTER TABLE audit DROP COLUMN crm_at;",
            refused: Some("the table `audit` of the application would be another one"),
            ..Scenario::default()
        },
        Scenario {
            name: "drops another's index",
            up: "DROP INDEX audit_id;",
            refused: Some("may not drop `audit_id` of the application"),
            ..Scenario::default()
        },
        Scenario {
            name: "renames a column of the application's",
            up: "ALTER TABLE audit RENAME COLUMN what TO x;",
            refused: Some("may not rename `audit` of the application, nor a column of it"),
            ..Scenario::default()
        },
        Scenario {
            // The text would be as it was, with one column more.
            name: "puts a column of its own in the place of the application's",
            up: "ALTER TABLE audit ADD COLUMN x TEXT; ALTER TABLE audit RENAME COLUMN what TO y;
                ALTER TABLE audit RENAME COLUMN x TO what;",
            refused: Some("may not rename `audit`"),
            ..Scenario::default()
        },
        Scenario {
            name: "renames the table",
            up: "ALTER TABLE audit RENAME TO audit_old;",
            refused: Some("may not rename `audit`"),
            ..Scenario::default()
        },
        Scenario {
            name: "rebuilds the table in twelve steps",
            up: "CREATE TABLE audit_new (id INTEGER PRIMARY KEY, what TEXT NOT NULL);
                INSERT INTO audit_new SELECT id, what FROM audit; DROP TABLE audit;
                ALTER TABLE audit_new RENAME TO audit;",
            refused: Some("may not drop `audit` of the application"),
            ..Scenario::default()
        },
        Scenario {
            name: "refers to a table of others by a column that it adds",
            up: "ALTER TABLE audit ADD COLUMN person INTEGER REFERENCES crm_people (id);",
            refused: Some("may not have `audit` refer to `crm_people` of acme/crm"),
            ..Scenario::default()
        },
        Scenario {
            name: "asks by a column that it adds which rows another table has",
            up: "ALTER TABLE audit ADD COLUMN person INTEGER REFERENCES crm_people (id);
                UPDATE audit SET person = 1;
                CREATE TABLE loot AS SELECT * FROM pragma_foreign_key_check('audit');
                ALTER TABLE audit DROP COLUMN person;",
            refused: Some("may not have `audit` refer to `crm_people` of acme/crm"),
            ..Scenario::default()
        },
        Scenario {
            name: "has the application's rows go with its own",
            up: "ALTER TABLE audit ADD COLUMN lent_id INTEGER REFERENCES lent (id) ON DELETE CASCADE;",
            refused: Some("may not have rows of `audit` change with those of `lent` (CASCADE)"),
            ..Scenario::default()
        },
        Scenario {
            name: "puts a trigger on the table",
            up: "CREATE TRIGGER t AFTER INSERT ON audit BEGIN DELETE FROM mine; END;",
            refused: Some("may not put a trigger on `audit`"),
            ..Scenario::default()
        },
        Scenario {
            name: "alters a table beside the one that was granted",
            also: &["reads app:users"],
            up: "ALTER TABLE users ADD COLUMN x TEXT;",
            refused: Some("may not alter `users` of the application"),
            ..Scenario::default()
        },
    ]
}

/// The database of the attacks, with a column of acme/crm's and an index of the application's on the table.
fn prepared() -> Sandbox {
    let sandbox = ground();
    sandbox.sql("CREATE INDEX audit_id ON audit (id)");
    let asks = "plugin = 'acme/crm'\n[permissions]\nalters = ['app:audit']\n";
    sandbox.write("sources/crm/alteration.toml", asks);
    let add = "ALTER TABLE audit ADD COLUMN crm_at TEXT;";
    sandbox.write("sources/crm/1.0.0-2-at.up.sql", add);
    sandbox.write("sources/crm/1.0.0-2-at.down.sql", "ALTER TABLE audit DROP COLUMN crm_at;");
    sandbox.ok(&["pack", "sources/crm", "--out", "plugins/acme/crm"]);
    let grant = format!("acme/crm:{AUDIT}");
    sandbox.ok(&["deploy", "plugins", "--yes", "--grant", &grant]);
    sandbox
}

fn deploy(sandbox: &Sandbox, scenario: &Scenario) -> Run {
    let asks: Vec<&str> = [AUDIT].iter().chain(scenario.also).copied().collect();
    let settings = format!("plugin = 'evil/x'\n[alterations.'{ID}']\npermissions = {asks:?}\n");
    sandbox.write("sources/evil/alteration.toml", settings);
    sandbox.write(&format!("sources/evil/{ID}.up.sql"), scenario.up);
    let down = if scenario.down.is_empty() { "SELECT 1;" } else { scenario.down };
    sandbox.write(&format!("sources/evil/{ID}.down.sql"), down);
    sandbox.ok(&["pack", "sources/evil", "--out", "plugins/evil/x"]);
    let grants: Vec<String> = asks.iter().map(|ask| format!("--grant=evil/x:{ask}")).collect();
    let grants = grants.iter().map(String::as_str);
    let args: Vec<&str> = ["deploy", "plugins", "--yes"].into_iter().chain(grants).collect();
    sandbox.runner(&args)
}

fn tried(ground: &Sandbox, scenario: &Scenario) -> Result<(), String> {
    let sandbox = copy(ground);
    let was = [rest(&sandbox), sandbox.rows(TABLE), sandbox.rows(INDEXES)].concat();
    let run = deploy(&sandbox, scenario);
    if let Some(why) = scenario.refused {
        let is = [rest(&sandbox), sandbox.rows(TABLE), sandbox.rows(INDEXES)].concat();
        return match run.code == Some(1) && said(&run).contains(why) && was == is {
            true => Ok(()),
            false => Err(format!("not refused for `{why}`: {run:#?} {:#?}", difference(&was, &is))),
        };
    }
    if run.code != Some(0) {
        return Err(format!("not applied: {run:#?}"));
    }
    if let Some((sql, row)) = scenario.then
        && !sandbox.rows(sql).contains(&row.to_owned())
    {
        return Err(format!("{sql}: {:?}", sandbox.rows(sql)));
    }
    sandbox.sql(scenario.between);
    let back = sandbox.runner(&["rollback", "--plugin", "evil/x", "--steps", "1", "--yes"]);
    if let Some(why) = scenario.stays {
        return match back.code == Some(1) && said(&back).contains(why) {
            true => Ok(()),
            false => Err(format!("not refused for `{why}`: {back:#?}")),
        };
    }
    sandbox.sql(scenario.after);
    let is = [rest(&sandbox), sandbox.rows(TABLE), sandbox.rows(INDEXES)].concat();
    match back.code == Some(0) && was == is {
        true => Ok(()),
        false => Err(format!("not as it was: {:#?} {back:#?}", difference(&was, &is))),
    }
}

/// What a run says of an error, in one line.
fn said(run: &Run) -> String {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn alters_gives_what_it_says_and_takes_back_what_it_gave() {
    let ground = prepared();
    let tried = |scenario: &Scenario| {
        Some(format!("{}: {}", scenario.name, tried(&ground, scenario).err()?))
    };
    let failures: Vec<String> = scenarios().iter().filter_map(tried).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn a_way_back_needs_no_grant_that_is_still_given() {
    let sandbox = copy(&prepared());
    let was = sandbox.rows(TABLE);
    let scenario = &scenarios()[0];
    assert_eq!(deploy(&sandbox, scenario).code, Some(0));
    let added = "SELECT concat_ws(' ', plugin, place, name) FROM alteration_object WHERE kind = 'column' ORDER BY 1";
    assert_eq!(sandbox.rows(added), ["acme/crm audit crm_at", "evil/x audit at"]);
    sandbox.ok(&["rollback", "--plugin", "evil/x", "--steps", "1", "--yes"]);
    assert_eq!(sandbox.rows(TABLE), was);
    assert_eq!(sandbox.rows(added), ["acme/crm audit crm_at"]);
    sandbox.ok(&["rollback", "--plugin", "acme/crm", "--steps", "1", "--yes"]);
    assert!(sandbox.rows(added).is_empty());
}
