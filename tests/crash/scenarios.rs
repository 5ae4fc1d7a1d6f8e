//! The scenarios that are killed: plugins whose work shows when it is done twice, in part, or not at all.
//!
//! SQL that all backends share where there is such; ids are chosen by the alterations, because
//! counters move with every attempt by design.

mod backfill;
mod drafts;
mod people;
mod prepared;

pub use backfill::guest_plugin;

use crate::{matrix::Scenario, place::Place, support::Sandbox};
use backfill::{names, names_hold, prepares, prepares_deployed, steps, steps_hold};
use drafts::{drafts_changed, drafts_hold, drafts_released};
use people::{
    all_or_nothing, grown, one_name_holds, people, people_deployed, people_failing, people_hold,
    people_renamed,
};
use prepared::{
    items, items_deployed, items_hold, items_mended, lease_ran_out, orders, orders_hold, sets,
    truncated, truncates,
};

const DEPLOY: &[&str] = &["deploy", "plugins"];
const DRAFTS: &[&str] = &["deploy", "plugins", "--allow-drafts"];
const BASELINE: &[&str] = &["baseline", "plugins", "--to", "acme/shop@latest"];
const UNDER_LEASE: &[&str] = &["deploy", "plugins", "--lock", "lease"];
const TAKEOVER: &[&str] = &["deploy", "plugins", "--accept-rename", "acme/core=acme/renamed"];
/// All of them; what is left of three when it is run again is at most three.
const ROLLBACK: &[&str] = &["rollback", "--steps", "3"];

/// Three alterations of two plugins: schema, data, a rebuild.
pub fn deploy() -> Scenario {
    Scenario {
        name: "deploy",
        start: people,
        args: DEPLOY,
        code: 0,
        holds: people_hold,
        resolve: None,
        let_pass: |_, _| (),
        points_min: 90,
    }
}

/// Records what is there already: all of it or nothing, for what is left out would run.
pub fn baseline() -> Scenario {
    Scenario {
        name: "baseline",
        start: grown,
        args: BASELINE,
        holds: all_or_nothing,
        points_min: 20,
        ..deploy()
    }
}

/// A plugin was renamed, and another one that requires it by its old name is pending.
pub fn takeover() -> Scenario {
    Scenario {
        name: "takeover",
        start: people_renamed,
        args: TAKEOVER,
        holds: one_name_holds,
        points_min: 50,
        ..deploy()
    }
}

/// The same three, taken back.
pub fn rollback() -> Scenario {
    Scenario { name: "rollback", start: people_deployed, args: ROLLBACK, ..deploy() }
}

/// A deploy whose second alteration fails at its last statement.
pub fn failing() -> Scenario {
    Scenario { name: "failing deploy", start: people_failing, code: 1, ..deploy() }
}

/// `before-up` with indexes that are built outside of any transaction, between changes of data.
pub fn prepared_up() -> Scenario {
    Scenario { name: "before-up", start: items, holds: items_hold, ..deploy() }
}

/// `before-up` of single statements between two transactions that the script opens itself, and on PostgreSQL a label that
/// is used behind its making, and code that the runner could not ask about again.
pub fn units() -> Scenario {
    Scenario {
        name: "units of a script",
        start: orders,
        holds: orders_hold,
        points_min: 30,
        ..deploy()
    }
}

/// `before-down` of the same.
pub fn prepared_down() -> Scenario {
    Scenario { name: "before-down", start: items_deployed, args: ROLLBACK, ..prepared_up() }
}

/// A file that its vendor mended: it goes on behind the statements that took effect of the one before.
pub fn mended() -> Scenario {
    Scenario { name: "a mended file", start: items_mended, holds: anything, ..deploy() }
}

/// The same under a lease, which runs out at once when its holder is killed: what the server still
/// does for it then is ended by whoever goes on.
pub fn leased() -> Scenario {
    Scenario { name: "under a lease", args: UNDER_LEASE, let_pass: lease_ran_out, ..prepared_up() }
}

/// A setting of the session between statements that commit: a resumed hook has it again.
pub fn settings() -> Scenario {
    Scenario { name: "settings of the session", start: sets, holds: anything, ..deploy() }
}

/// A backfill in SQL: four steps and the one that finds nothing left.
pub fn backfill() -> Scenario {
    Scenario { name: "backfill", start: names, holds: names_hold, ..deploy() }
}

/// The guest `prepares`: queries whose results matter between statements that commit.
pub fn guest_prepares() -> Scenario {
    Scenario { name: "guest with before-up", start: prepares, holds: anything, ..deploy() }
}

pub fn guest_prepares_down() -> Scenario {
    Scenario {
        name: "guest with before-down",
        start: prepares_deployed,
        args: ROLLBACK,
        ..guest_prepares()
    }
}

/// The guest `steps`: each step leaves a row that a second one would collide with.
pub fn guest_steps() -> Scenario {
    Scenario { name: "guest with a backfill", start: steps, holds: steps_hold, ..deploy() }
}

/// A statement of which the catalogue does not tell whether it took effect: TRUNCATE. Only where
/// the kill falls between its beginning and its record, a person has to say; the test looks.
pub fn undecidable() -> Scenario {
    Scenario {
        name: "a statement to resolve",
        start: truncates,
        holds: anything,
        resolve: Some(truncated),
        points_min: 60,
        ..deploy()
    }
}

/// Two drafts of which the first has changed: both go down and up again.
pub fn drafts() -> Scenario {
    Scenario {
        name: "drafts",
        start: drafts_changed,
        args: DRAFTS,
        holds: drafts_hold,
        points_min: 60,
        ..deploy()
    }
}

/// A draft was released as it was applied, and another alteration is pending.
pub fn released() -> Scenario {
    Scenario {
        name: "released drafts",
        start: drafts_released,
        args: DEPLOY,
        holds: anything,
        points_min: 40,
        ..deploy()
    }
}

fn anything(_: Place, _: &Sandbox) -> Result<(), String> {
    Ok(())
}

fn ensure(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("does not hold: {what}")) }
}

fn status(place: Place, sandbox: &Sandbox, name: &str) -> String {
    if !place.has_table(sandbox, "alteration_state") {
        return String::new();
    }
    let sql = format!("SELECT status FROM alteration_state WHERE id LIKE '%-{name}'");
    sandbox.rows(&sql).pop().unwrap_or_default()
}

/// Checks that an alteration's effect is there exactly when its row says so; while it runs outside of a transaction, it
/// may be.
fn fits(
    place: Place,
    sandbox: &Sandbox,
    name: &str,
    effect: impl FnOnce() -> bool,
) -> Result<(), String> {
    let status = status(place, sandbox, name);
    let effect = effect();
    let fits = match &*status {
        "applied" => effect,
        "running" => true,
        "failed" if !place.is_transactional() => true,
        _ => !effect,
    };
    ensure(fits, &format!("{name} is `{status}`, its effect there: {effect}"))
}

fn deployed(sandbox: Sandbox) -> Sandbox {
    sandbox.ok(DEPLOY);
    sandbox
}

fn packed(sandbox: Sandbox, plugin: &str) -> Sandbox {
    packed_with(sandbox, plugin, "")
}

/// Packs `plugin` with `settings` of its alterations in its `alteration.toml`.
fn packed_with(sandbox: Sandbox, plugin: &str, settings: &str) -> Sandbox {
    let source = format!("sources/{plugin}");
    let settings = format!("plugin = \"{plugin}\"\n{settings}");
    sandbox.write(&format!("{source}/alteration.toml"), settings);
    sandbox.ok(&["pack", &source, "--out", &format!("plugins/{plugin}")]);
    sandbox
}
