//! The tables and the functions through which a plugin's session reaches the runner's tables, as SQL.
//!
//! The functions belong to the operator and run with the operator's rights (SECURITY DEFINER) under a pinned search
//! path. They take who calls from `session_user`, which no statement of a role that is no superuser changes, and
//! everything else from the ticket. `finish` looks at what the plugin made before it records that it is done (`scans.rs`).

use super::{
    super::text::literal, callers, cascades, compared, dependents, exposed, home, lending, powers,
    rights, scans::scans,
};

/// Made when the first plugin is confined.
///
/// Comments say what tables and columns mean: the guide's page about them is made of these.
pub(super) const TABLES: [&str; 3] = [
    "-- One row for each plugin that runs as a database role of its own (PostgreSQL). The table is created when the
    -- first plugin is confined.
    CREATE TABLE IF NOT EXISTS @role (
        -- The plugin's name.
        plugin {key} NOT NULL PRIMARY KEY,
        -- Its role.
        role {text} NOT NULL UNIQUE
    )",
    "-- One row for each part of an attempt that a confined plugin may do now, written by the runner's own session.
    CREATE TABLE IF NOT EXISTS @ticket (
        -- A random number (hexadecimal).
        number {key} NOT NULL PRIMARY KEY,
        -- SHA-256 of a secret that proves that the hook has ended.
        secret {bytes} NOT NULL,
        -- The statement that claims the alteration.
        begins {text} NOT NULL,
        -- The role that may claim it.
        role {text} NOT NULL,
        -- The transaction that claimed it. Null if none did.
        transaction {text},
        -- 1 if that transaction recorded its end, else 0.
        is_finished {integer} NOT NULL DEFAULT 0
    )",
    "-- What is recorded when a ticket is finished.
    CREATE TABLE IF NOT EXISTS @ending (
        -- The ticket's number.
        number {key} NOT NULL,
        -- The statement's place, from 0.
        place {integer} NOT NULL,
        -- The statement.
        statement {text} NOT NULL,
        -- 1 if it has to match exactly one row.
        is_one {integer} NOT NULL,
        PRIMARY KEY (number, place)
    )",
];

/// The functions' signatures, without their first word.
pub(super) const CLAIM: &str = "claim(pg_catalog.text)";
pub(super) const FINISH: &str = "finish(pg_catalog.text, pg_catalog.bytea)";

/// What makes the functions anew. `prefix` is the runner's schema, quoted, with its point; `schema` is the one where the
/// plugin makes what it names without one, unless it has one of its own; `path` is what its functions find names by.
pub(super) fn functions(prefix: &str, schema: &str, path: &str) -> [String; 9] {
    let claim = format!(
        "CREATE OR REPLACE FUNCTION {prefix}alteration_claim(claimed text) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $runner$
DECLARE
    ticket {prefix}alteration_ticket%ROWTYPE;
    me oid := (SELECT oid FROM pg_roles WHERE rolname = session_user);
    matched bigint;
    closed text;
    calls text;
    given record;
    lent record;
BEGIN
    SELECT * INTO ticket FROM {prefix}alteration_ticket WHERE number = claimed FOR UPDATE;
    IF NOT FOUND OR ticket.role <> session_user OR ticket.transaction IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = 'this session has no such ticket of the runner';
    END IF;
    UPDATE {prefix}alteration_ticket SET transaction = pg_current_xact_id()::text WHERE number = claimed;
    EXECUTE ticket.begins;
    GET DIAGNOSTICS matched = ROW_COUNT;
    IF matched <> 1 THEN
        RAISE invalid_text_representation USING MESSAGE = 'runner: moved ' || matched;
    END IF;
    EXECUTE format('GRANT CREATE ON SCHEMA %I TO %I', {place}, ticket.role);
{opened}
{rights}
{exposed}
{cascades}    RETURN 1;
END $runner$",
        place = home::of_ticket(prefix, schema),
        opened = powers::OPEN,
        rights = rights::opened(prefix),
        cascades = cascades::refused(prefix),
        exposed = exposed::refused(
            prefix,
            "claimed",
            &format!("EXISTS (SELECT FROM {prefix}alteration_added WHERE role = ticket.role) \
                OR EXISTS (SELECT FROM {prefix}alteration_right WHERE number = claimed AND privilege = '{}')", lending::LEAVES_CODE)
        )
    );
    let finish = format!(
        "CREATE OR REPLACE FUNCTION {prefix}alteration_finish(finished text, nonce bytea) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $runner$
DECLARE
    ticket {prefix}alteration_ticket%ROWTYPE;
    me oid := (SELECT oid FROM pg_roles WHERE rolname = session_user);
    since integer := 0;
    home text;
    own_path text;
    ending record;
    found_one record;
    matched bigint;
    calls text;
    callers text;
    given record;
    lent record;
BEGIN
    SELECT * INTO ticket FROM {prefix}alteration_ticket WHERE number = finished FOR UPDATE;
    IF NOT FOUND OR ticket.role <> session_user OR ticket.is_finished <> 0
        OR ticket.transaction IS DISTINCT FROM pg_current_xact_id()::text
        OR ticket.secret IS DISTINCT FROM sha256(nonce) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this session has no such ticket of the runner';
    END IF;
    home := {home};
    own_path := CASE WHEN home = {schema} THEN '' ELSE quote_ident(home) || ', ' END || {path};
    IF EXISTS (SELECT FROM {prefix}alteration_loan WHERE number = finished) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a table is still lent';
    END IF;
{kept}{scans}
{closed}
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM %I', home, ticket.role);
    FOR ending IN
        SELECT statement, is_one FROM {prefix}alteration_ending WHERE number = finished ORDER BY place
    LOOP
        EXECUTE ending.statement;
        GET DIAGNOSTICS matched = ROW_COUNT;
        IF ending.is_one = 1 AND matched <> 1 THEN
            RAISE invalid_text_representation USING MESSAGE = 'runner: moved ' || matched;
        END IF;
    END LOOP;
    UPDATE {prefix}alteration_ticket SET is_finished = 1 WHERE number = finished;
    RETURN 1;
END $runner$",
        kept = dependents::kept(prefix),
        scans = scans(prefix),
        closed = rights::closed(prefix, schema),
        home = home::of_ticket(prefix, schema),
        schema = literal(schema),
        path = literal(path)
    );
    let [tree, facts] = compared::functions(prefix);
    [
        tree,
        facts,
        callers::used(prefix),
        cascades::function(prefix),
        exposed::function(prefix),
        claim,
        finish,
        rights::function(prefix),
        lending::function(prefix),
    ]
}
