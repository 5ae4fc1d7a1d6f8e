//! Each history on PostgreSQL, deployed by a confined plugin and by a guarded one on servers of one version: schema and rows are
//! alike afterwards, and after the way back; and the application, another login, works with what is there.
//!
//! Every third history by default, all of them with `RUNNER_FULL=1`. Those that a confined plugin cannot run are listed with what
//! they are refused for, which is tested too.

use crate::{
    alike::{self, pack},
    history::History,
    support::{
        Place, Run, Sandbox, finish,
        servers::{Postgres, Role, is_full},
    },
};

/// One in so many is run by default.
const SAMPLE: usize = 3;

/// Histories that a confined plugin cannot run, each with what the deploy says and why that stays so.
const UNFIT: [(&str, &str, &str); 7] = [
    ("diesel", NO_SCHEMA, MAKES_SCHEMA),
    ("drizzle", NO_SCHEMA, MAKES_SCHEMA),
    ("goose", NO_SCHEMA, MAKES_SCHEMA),
    ("refinery", NO_SCHEMA, MAKES_SCHEMA),
    ("sqitch", NO_SCHEMA, MAKES_SCHEMA),
    ("sqlx", NO_SCHEMA, MAKES_SCHEMA),
    ("supabase", NO_SCHEMA, MAKES_SCHEMA),
];
const NO_SCHEMA: &str = "permission denied for database";
const MAKES_SCHEMA: &str = "it makes a schema: a plugin makes objects in one schema, and CREATE on the database would give it every name";

/// Histories that make an extension. A plugin does not: it is granted (`extension citext`), or there before, as here.
const EXTENSIONS: [(&str, &str); 3] =
    [("diesel", "citext"), ("goose", "pg_trgm"), ("sqlx", "btree_gist")];

fn sandbox(server: &Postgres) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner; GRANT USAGE ON SCHEMA public TO app; \
         SET ROLE runner; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app; \
         ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO app; ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO app",
    );
    sandbox
}

fn confined(sandbox: &Sandbox, args: &[&str]) -> Run {
    finish(sandbox.command(args).env_remove("RUNNER_GUARD"))
}

/// A dump without the runner's own functions, and without what confining changes on purpose: functions run as their owner, with a
/// search path.
fn dump(sandbox: &Sandbox) -> Vec<String> {
    let mut is_own = false;
    let mut kept = Vec::new();
    for line in sandbox.dump().lines() {
        is_own |= line.starts_with("CREATE FUNCTION public.alteration_");
        if is_own {
            is_own = !(line.ends_with("$_$;") || line.ends_with("$$;"));
            continue;
        }
        let (line, indent) = (line.trim(), line.len() - line.trim_start().len());
        let words = line.split_once(" SET search_path TO ").map_or(line, |(before, _)| before);
        let words = words.replace(" SECURITY DEFINER", "");
        if !(indent > 0 && words.starts_with("SET search_path TO ")) {
            kept.push(words);
        }
    }
    kept
}

fn alike(history: &str, when: &str, guarded: &Sandbox, confined: &Sandbox) -> Result<(), String> {
    let (guarded, confined) = (dump(guarded), dump(confined));
    if guarded == confined {
        return Ok(());
    }
    let only = |one: &[String], other: &[String]| -> String {
        one.iter().filter(|line| !other.contains(line)).cloned().collect::<Vec<_>>().join("\n")
    };
    Err(format!(
        "{history}, {when}: only guarded:\n{}\nonly confined:\n{}",
        only(&guarded, &confined),
        only(&confined, &guarded)
    ))
}

/// What the application can do with each relation that is not its own.
const WORKS: &str = "DO $$ DECLARE it regclass; BEGIN SET LOCAL ROLE app;
    FOR it IN SELECT c.oid FROM pg_class c WHERE relowner::regrole::text ~ '^runner_' AND relkind IN ('r', 'p', 'v', 'm')
    LOOP EXECUTE format('SELECT * FROM %s', it); END LOOP;
    FOR it IN SELECT c.oid FROM pg_class c WHERE relowner::regrole::text ~ '^runner_' AND relkind IN ('r', 'p')
    LOOP
        -- Of NOT NULL and the like: what it lacks is no right.
        BEGIN EXECUTE format('INSERT INTO %s DEFAULT VALUES', it);
        EXCEPTION WHEN integrity_constraint_violation THEN NULL; END;
        EXECUTE format('DELETE FROM %s WHERE false', it);
    END LOOP; RAISE EXCEPTION 'all of it works'; END $$";

fn tried(server: &Postgres, history: &History) -> Result<(), String> {
    let name = history.folder;
    // Before version 16 a role that may make roles reaches the server, and runs no guarded plugin.
    let (theirs, ours) = (history.place.sandbox(), sandbox(server));
    for sandbox in [&theirs, &ours] {
        pack(history, sandbox, &history.path());
    }
    let extension = EXTENSIONS.iter().find(|(folder, _)| *folder == name);
    if let Some((_, extension)) = extension {
        ours.server().admin_sql(&format!("CREATE EXTENSION {extension} SCHEMA public"));
    }
    let run = confined(&ours, &["deploy", "plugins"]);
    if let Some((_, why, _)) = UNFIT.iter().find(|(folder, ..)| *folder == name) {
        return match run.code != Some(0) && run.stderr.contains(why) {
            true => Ok(()),
            false => Err(format!("{name} is not refused for `{why}`: {run:#?}")),
        };
    }
    if run.code != Some(0) {
        return Err(format!("{name}: {run:#?}"));
    }
    theirs.ok(&["deploy", "plugins"]);
    if ours.rows("SELECT count(*) FROM alteration_role") != ["1"] {
        return Err(format!("{name} was not confined: {run:#?}"));
    }
    alike(name, "deployed", &theirs, &ours)?;
    if history.back > 0 {
        taken_back(history, &theirs, &ours)?;
    }
    let works = server
        .client()
        .try_sql(Role::Administrator, ours.server().name(), WORKS)
        .err()
        .map(|error| format!("{error:#}"));
    if !works.as_ref().is_some_and(|said| said.contains("all of it works")) {
        return Err(format!("{name}: the application cannot work: {works:?}"));
    }
    Ok(())
}

fn taken_back(history: &History, theirs: &Sandbox, ours: &Sandbox) -> Result<(), String> {
    let name = history.folder;
    let steps = history.back.to_string();
    let back = ["rollback", "--steps", &steps, "--yes"];
    let run = confined(ours, &back);
    let guarded = theirs.runner(&back);
    if (run.code, guarded.code) != (Some(0), Some(0)) {
        // A repeatable script has no way back, and is refused at both levels.
        return match run.code == guarded.code {
            true => Ok(()),
            false => Err(format!("{name}, taken back: {run:#?} {guarded:#?}")),
        };
    }
    alike(name, "taken back", theirs, ours)?;
    let again = confined(ours, &["deploy", "plugins"]);
    if again.code != Some(0) {
        return Err(format!("{name}, again: {again:#?}"));
    }
    theirs.ok(&["deploy", "plugins"]);
    alike(name, "again", theirs, ours)
}

#[test]
fn confined_they_are_what_they_are_guarded() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    server.database().admin_sql("ALTER ROLE runner CREATEROLE; CREATE ROLE app");
    let histories = alike::all().into_iter().filter(|history| history.place == Place::Postgres);
    let every = if is_full() { 1 } else { SAMPLE };
    let failures: Vec<String> =
        histories.step_by(every).filter_map(|history| tried(&server, &history).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn what_is_unfit_is_one_of_them() {
    for (folder, ..) in UNFIT {
        assert!(alike::all().iter().any(|history| history.folder == folder), "{folder}");
    }
}
