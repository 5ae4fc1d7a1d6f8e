//! A table of another owner that is lent to a plugin's role, for one statement of its hook at a time.
//!
//! ```text
//!   claim: rows ── hook: UPDATE …  lend · ALTER TABLE … · give back and compare  UPDATE … ── finish: no rows
//! ```
//!
//! Between the statements the plugin may read and change rows, and does not own the table: what it left there has been judged
//! (`compared.rs`) before anything else runs. Lent for the whole hook, it could put a trigger on the table and have a function
//! of the application's, or a foreign key's cascade, run that with the application's rights, and take it away before the end.
//! For the same reason nothing is lent to a plugin that has a function which could make or drop objects meanwhile. The secret
//! that lends a table goes beside the text.

use super::{super::PostgresConnection, cascades, compared::judged, exposed, powers};
use crate::{
    backend::{
        BackendError,
        confining::Ticket,
        connection::{Cell, Transactions as _},
        transaction::Own,
    },
    session::{ErrorKind, Lacks, SqlError},
    sql::Statement,
};

/// How a ticket's rights call what lends a table: not as GRANT writes it.
pub(super) const ALTERS: &str = "ALTER";
pub(super) const LEAVES_CODE: &str = "CODE";
pub(super) const DROPS: &str = "DROP";

/// Made with the tables of tickets.
pub(super) const TABLES: [&str; 2] = [
    "-- A table that is lent to a plugin's role for the statement that runs now.
    CREATE TABLE IF NOT EXISTS @loan (
        -- The ticket's number.
        number {key} NOT NULL,
        -- The table, by its number in PostgreSQL's catalogue.
        relation {integer} NOT NULL,
        -- 1 if the plugin may make objects in the table's schema meanwhile, and not otherwise.
        is_schema_open {integer} NOT NULL,
        -- What the catalogue said of it before (JSON).
        facts {text} NOT NULL,
        PRIMARY KEY (number, relation)
    )",
    "-- What a confined plugin added to tables that are not its own, by PostgreSQL's catalogue. It may drop it again.
    CREATE TABLE IF NOT EXISTS @added (
        -- The plugin's role.
        role {key} NOT NULL,
        -- The catalogue.
        class {integer} NOT NULL,
        -- The object's number there; a column's is its table's.
        object {integer} NOT NULL,
        -- The number of a column, negative for its NOT NULL; else 0.
        sub {integer} NOT NULL,
        PRIMARY KEY (role, class, object, sub)
    )",
];

/// The signatures of the functions of this file and of `compared.rs`, without their first word.
pub(super) const FUNCTIONS: [&str; 3] = [
    "lend(pg_catalog.text, pg_catalog.bytea, pg_catalog.int8, pg_catalog.text, pg_catalog.text)",
    "tree(pg_catalog.oid)",
    "facts(pg_catalog.oid[], pg_catalog.oid)",
];

/// Statements of PL/pgSQL that give `given.relation`'s rows, or take them, from the plugin of `ticket`. A table with row level
/// security would show only some of its rows to another than its owner, without a word: none are given there.
pub(super) fn rows(prefix: &str, gives: bool) -> String {
    let (verb, to) = if gives { ("GRANT", "TO") } else { ("REVOKE", "FROM") };
    let condition = match gives {
        true => {
            "NOT (SELECT bool_or(relrowsecurity) FROM pg_class WHERE oid = ANY (PREFIXalteration_tree(given.relation)))"
        }
        false => "true",
    }
    .replace("PREFIX", prefix);
    let privileges =
        if gives { "SELECT, INSERT, UPDATE, DELETE" } else { "INSERT, UPDATE, DELETE" };
    format!(
        "IF {condition} THEN
            EXECUTE format('{verb} {privileges} ON %s {to} %I', given.relation::regclass, ticket.role);
            FOR lent IN SELECT q.objid::regclass AS name FROM pg_depend q JOIN pg_class s ON s.oid = q.objid AND s.relkind = 'S'
                WHERE q.classid = 'pg_class'::regclass AND q.refclassid = 'pg_class'::regclass AND q.deptype IN ('a', 'i')
                AND q.refobjid = ANY ({prefix}alteration_tree(given.relation))
            LOOP
                EXECUTE format('{verb} USAGE ON SEQUENCE %s {to} %I', lent.name, ticket.role);
            END LOOP;
        END IF;
"
    )
}

/// What makes the function that lends a table for one statement, and takes it back.
pub(super) fn function(prefix: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {prefix}alteration_lend(asked text, nonce bytea, opens bigint, verb text, names text) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $runner$
DECLARE
    me oid := (SELECT oid FROM pg_roles WHERE rolname = session_user);
    ticket {prefix}alteration_ticket%ROWTYPE;
    given record;
    lent record;
    diff record;
    used record;
    facts jsonb;
    found_one text;
    calls text;
    needs text;
    why text;
    makes boolean;
    alters boolean;
    leaves boolean;
    drops boolean;
    refers boolean;
    shows boolean;
BEGIN
    SELECT * INTO ticket FROM {prefix}alteration_ticket WHERE number = asked;
    IF NOT FOUND OR ticket.role <> session_user OR ticket.is_finished <> 0
        OR ticket.transaction IS DISTINCT FROM pg_current_xact_id()::text
        OR EXISTS (SELECT FROM {prefix}alteration_right WHERE number = asked AND secret IS NOT NULL
            AND secret IS DISTINCT FROM sha256(nonce)) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this session has no such ticket of the runner';
    END IF;
    FOR given IN SELECT r.relation::oid AS relation, c.oid::regclass::text AS name, c.relowner AS owner, n.nspname,
            {prefix}alteration_tree(c.oid) AS members, bool_or(r.privilege = '{DROPS}') AS drops,
            bool_or(r.privilege = '{ALTERS}') AS alters, bool_or(r.privilege = '{LEAVES_CODE}') AS leaves
        FROM {prefix}alteration_right r JOIN pg_class c ON c.oid = r.relation::oid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE opens > 0 AND r.number = asked AND r.privilege IN ('{ALTERS}', '{LEAVES_CODE}', '{DROPS}')
        GROUP BY r.relation, c.oid, n.nspname ORDER BY r.relation
    LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_class c WHERE names::jsonb ? c.relname::text AND (c.oid = ANY (given.members)
            OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = ANY (given.members))));
        IF verb = 'TRUNCATE' AND NOT given.drops THEN
            RAISE insufficient_privilege USING MESSAGE = format('it would empty the table %s', given.name),
                HINT = format('needs drops %s', given.relation);
        END IF;
{unarmed}
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', given.name);
        given.members := {prefix}alteration_tree(given.relation);
        IF EXISTS (SELECT FROM pg_class WHERE oid = ANY (given.members) AND (relowner <> given.owner OR relkind NOT IN ('r', 'p'))) THEN
            RAISE insufficient_privilege USING MESSAGE =
                format('a partition or child of the table %s belongs to another owner, or is a foreign table', given.name);
        END IF;
        IF EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = ANY (given.members) AND (a.grantor = me
                OR a.grantee = me AND (a.is_grantable OR a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES'))))
            OR EXISTS (SELECT FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = ANY (given.members)
                AND me IN (a.grantee, a.grantor)) THEN
            RAISE insufficient_privilege USING MESSAGE = format('the plugin was given other rights on the table %s, which would be lost', given.name);
        END IF;
        -- Rights of the role's own would become the owner's.
        FOR lent IN SELECT object, word FROM (
                SELECT oid AS object, 'TABLE' AS word FROM pg_class WHERE oid = ANY (given.members)
                UNION ALL SELECT q.objid, 'SEQUENCE' FROM pg_depend q JOIN pg_class s ON s.oid = q.objid AND s.relkind = 'S'
                    WHERE q.classid = 'pg_class'::regclass AND q.refclassid = 'pg_class'::regclass AND q.deptype IN ('a', 'i')
                    AND q.refobjid = ANY (given.members)
            ) o WHERE EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = object AND a.grantee = me)
        LOOP
            EXECUTE format('REVOKE ALL ON %s %s FROM %I', lent.word, lent.object::regclass, ticket.role);
        END LOOP;
        IF EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = ANY (given.members) AND a.grantee = me) THEN
            RAISE insufficient_privilege USING MESSAGE = format('another than its owner gave the plugin rights on the table %s', given.name);
        END IF;
{veiled}
        INSERT INTO {prefix}alteration_loan (number, relation, is_schema_open, facts) VALUES (asked, given.relation,
            CASE WHEN has_schema_privilege(me, given.nspname, 'CREATE') THEN 0 ELSE 1 END,
            {prefix}alteration_facts(given.members, me)::text);
        IF NOT has_schema_privilege(me, given.nspname, 'CREATE') THEN
            EXECUTE format('GRANT CREATE ON SCHEMA %I TO %I', given.nspname, ticket.role);
        END IF;
        FOR lent IN SELECT unnest(given.members)::regclass AS name LOOP
            -- What PUBLIC may read, an owner would see past the policies.
            IF NOT shows AND (SELECT relrowsecurity FROM pg_class WHERE oid = lent.name) THEN
                EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', lent.name);
            END IF;
            EXECUTE format('ALTER TABLE %s OWNER TO %I', lent.name, ticket.role);
            IF NOT shows THEN
                EXECUTE format('REVOKE {ROWS} ON %s FROM %I', lent.name, ticket.role);
            END IF;
        END LOOP;
    END LOOP;
    FOR given IN SELECT l.relation::oid AS relation, l.facts::jsonb AS facts, l.is_schema_open,
            t.members, t.owner, t.name, n.nspname
        FROM {prefix}alteration_loan l CROSS JOIN LATERAL (
            SELECT array_agg(f.object::oid ORDER BY f.object) AS members,
                pg_get_userbyid(min((f.content ->> 'relowner')::bigint)::oid) AS owner,
                min(substr(f.label, 11)) FILTER (WHERE f.object = l.relation) AS name
            FROM jsonb_to_recordset(l.facts::jsonb) AS f (kind text, object bigint, label text, content jsonb) WHERE f.kind = 'table'
        ) t JOIN pg_namespace n ON n.oid = (SELECT (f.content ->> 'relnamespace')::oid
            FROM jsonb_to_recordset(l.facts::jsonb) AS f (kind text, object bigint, content jsonb)
            WHERE f.kind = 'table' AND f.object = l.relation)
        WHERE opens = 0 AND l.number = asked ORDER BY l.relation
    LOOP
        SELECT coalesce(bool_or(privilege = '{ALTERS}'), false), coalesce(bool_or(privilege = '{LEAVES_CODE}'), false),
                coalesce(bool_or(privilege = '{DROPS}'), false), coalesce(bool_or(privilege = 'REFERENCES'), false)
            INTO alters, leaves, drops, refers FROM {prefix}alteration_right WHERE number = asked AND relation = given.relation;
        -- An owner who may make nothing in the schema could not be given it back.
        makes := has_schema_privilege(given.owner, given.nspname, 'CREATE');
        IF NOT makes THEN
            EXECUTE format('GRANT CREATE ON SCHEMA %I TO %I', given.nspname, given.owner);
        END IF;
        FOR lent IN SELECT oid::regclass AS name, relowner FROM pg_class WHERE oid = ANY (given.members) LOOP
            IF lent.relowner <> me THEN
                RAISE insufficient_privilege USING MESSAGE = format('it gave the table %s to another owner', lent.name);
            END IF;
            EXECUTE format('ALTER TABLE %s OWNER TO %I', lent.name, given.owner);
        END LOOP;
        IF NOT makes THEN
            EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM %I', given.nspname, given.owner);
        END IF;
        IF given.is_schema_open = 1 THEN
            EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM %I', given.nspname, ticket.role);
        END IF;
{unveiled}
{judged}
{exposed}
        IF leaves THEN
{cascades}        END IF;
        DELETE FROM {prefix}alteration_loan WHERE number = asked AND relation = given.relation;
        IF alters AND EXISTS (SELECT FROM pg_class WHERE oid = given.relation) THEN
        {rows}
        END IF;
    END LOOP;
    RETURN 1;
END $runner$",
        unarmed = unarmed(prefix),
        veiled = VEILED,
        unveiled = unveiled(),
        cascades = cascades::refused(prefix),
        judged = judged(prefix),
        exposed = exposed::refused(prefix, "asked", "leaves"),
        rows = rows(prefix, true)
    )
}

/// What reading and changing rows needs.
const ROWS: &str = "SELECT, INSERT, UPDATE, DELETE";

/// Decides whether the rows of the table `given` may be seen while it is lent: `shows`. They may where the plugin sees them anyway
/// (`alters`, without row level security), or may leave code that does and turn that security off (`leaves code on`). Else a
/// statement that works with the rows is refused (its expressions and its errors would tell them), and functions that run
/// meanwhile find a table that its owner may not read.
const VEILED: &str = "        shows := given.leaves OR given.alters
            AND NOT EXISTS (SELECT FROM pg_class WHERE oid = ANY (given.members) AND relrowsecurity);
        IF NOT shows AND opens = 2 THEN
            RAISE insufficient_privilege USING MESSAGE = format(CASE WHEN given.alters
                THEN 'the table %s has row level security, and this statement works with all of its rows'
                ELSE 'this statement works with the rows of the table %s' END, given.name),
                HINT = format('needs %s %s', CASE WHEN given.alters THEN 'leaves code on' ELSE 'alters' END, given.relation);
        END IF;
        IF NOT shows AND EXISTS (SELECT FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = ANY (given.members)
            AND a.grantee = given.owner) THEN
            RAISE insufficient_privilege USING MESSAGE = format('the owner of the table %s was given rights on columns of it', given.name);
        END IF;";

/// Gives the owner of `given` back what [`VEILED`] had taken, and the table its security.
fn unveiled() -> String {
    format!(
        "        FOR lent IN SELECT c.oid::regclass AS name, string_agg(a.privilege_type, ', ') AS privileges
            FROM jsonb_to_recordset(given.facts) AS f (kind text, object bigint, content jsonb) JOIN pg_class c ON c.oid = f.object::oid
            CROSS JOIN LATERAL aclexplode(ARRAY(SELECT jsonb_array_elements_text(f.content -> 'relacl'))::aclitem[]) a
            WHERE f.kind = 'table' AND a.grantee = c.relowner AND a.privilege_type = ANY (string_to_array('{ROWS}', ', '))
            AND NOT EXISTS (SELECT FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) b
                WHERE b.grantee = c.relowner AND b.privilege_type = a.privilege_type)
            GROUP BY c.oid
        LOOP
            EXECUTE format('GRANT %s ON %s TO %I', lent.privileges, lent.name, given.owner);
        END LOOP;
        IF NOT leaves THEN
            FOR lent IN SELECT c.oid::regclass AS name
                FROM jsonb_to_recordset(given.facts) AS f (kind text, object bigint, content jsonb) JOIN pg_class c ON c.oid = f.object::oid
                WHERE f.kind = 'table' AND c.relforcerowsecurity AND NOT (f.content ->> 'relforcerowsecurity')::boolean
                AND (f.content ->> 'relrowsecurity')::boolean
            LOOP
                EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', lent.name);
            END LOOP;
        END IF;"
    )
}

/// Refuses to lend `given` where code of the plugin could do more with it than its statement says, or where such code could
/// come to run with rights that reach beyond the database.
fn unarmed(prefix: &str) -> String {
    format!(
        "        SELECT p.oid::regprocedure INTO found_one FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
            WHERE p.proowner = me AND ({powers} OR p.prosrc ~* E'\\\\m(drop|truncate)\\\\M')
            AND (has_function_privilege(me, p.oid, 'EXECUTE') OR EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid)) LIMIT 1;
        IF found_one IS NOT NULL THEN
            RAISE insufficient_privilege USING MESSAGE = format('the function %s, which makes, alters or drops objects or executes text, '
                'could do so with the table %s while it is lent', found_one, given.name);
        END IF;
        SELECT p.oid::regprocedure INTO found_one FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner
            WHERE p.prosecdef AND p.oid >= 16384 AND p.proowner <> me
            AND (o.rolsuper OR pg_has_role(o.oid, 'pg_execute_server_program', 'MEMBER') OR pg_has_role(o.oid, 'pg_write_server_files', 'MEMBER'))
            AND NOT (starts_with(p.proname, 'alteration_') AND p.pronamespace = (SELECT relnamespace FROM pg_class
                WHERE oid = '{prefix}alteration_ticket'::regclass))
            AND (p.prorettype <> 'trigger'::regtype AND has_function_privilege(me, p.oid, 'EXECUTE')
                OR EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid AND tgrelid = ANY (given.members)))
            AND EXISTS (SELECT FROM pg_proc WHERE proowner = me) LIMIT 1;
        IF found_one IS NOT NULL THEN
            RAISE insufficient_privilege USING MESSAGE = format('the function %s runs with rights that reach beyond the database, and could run '
                'functions of the plugin that it puts on the table %s; take EXECUTE on it from PUBLIC', found_one, given.name);
        END IF;
",
        powers = powers::question()
    )
}

/// How tables are lent for a statement.
#[derive(Debug)]
pub(in crate::backend::postgres) struct Lends {
    verb: String,
    works_with_rows: bool,
}

/// Whether a statement may compute something from the rows of a table, or say in an error what they hold; or turns row level
/// security on or off.
fn works_with_rows(statement: &Statement<'_>) -> bool {
    const WORDS: [&str; 14] = [
        "CHECK",
        "UNIQUE",
        "PRIMARY",
        "EXCLUDE",
        "FOREIGN",
        "REFERENCES",
        "GENERATED",
        "USING",
        "VALIDATE",
        "ATTACH",
        "DETACH",
        "INHERIT",
        "SECURITY",
        "CLUSTER",
    ];
    match statement.verb().as_str() {
        "TRUNCATE" | "DROP" | "COMMENT" => return false,
        "ALTER" if statement.starts_with(&["ALTER", "TABLE"]) => {}
        _ => return true,
    }
    let words: Vec<_> = statement.words().skip(2).collect();
    let changes_column = words.iter().any(|word| word == "ALTER")
        && (words.iter().any(|word| ["TYPE", "EXPRESSION"].contains(&word.as_ref()))
            || words.windows(2).any(|two| two[0] == "SET" && two[1] == "NOT"));
    changes_column || words.iter().any(|word| WORDS.contains(&word.as_ref()))
}

impl PostgresConnection {
    /// Says how tables have to be lent for a statement; `None` where none have to be.
    pub(in crate::backend::postgres) fn lends(&self, statement: &Statement<'_>) -> Option<Lends> {
        let has = |privilege: &&str| [ALTERS, LEAVES_CODE, DROPS].contains(privilege);
        if !self.lent.iter().any(|right| has(&right.privilege)) {
            return None;
        }
        let verb = statement.verb();
        let passed = ["OR", "REPLACE", "UNIQUE", "CONSTRAINT", "ON"];
        let kind = statement.words().skip(1).find(|word| !passed.contains(&word.as_ref()));
        let kinds: &[&str] = match verb.as_str() {
            "TRUNCATE" => return Some(Lends { verb, works_with_rows: false }),
            "ALTER" => &["TABLE", "INDEX", "TRIGGER", "POLICY"],
            "CREATE" => &["INDEX", "TRIGGER", "POLICY", "RULE"],
            "DROP" => &["TABLE", "INDEX", "TRIGGER", "POLICY", "RULE"],
            "COMMENT" => &["TABLE", "COLUMN", "INDEX"],
            _ => &[],
        };
        let works_with_rows = works_with_rows(statement);
        kind.is_some_and(|kind| kinds.contains(&kind.as_ref()))
            .then_some(Lends { verb, works_with_rows })
    }

    /// Lends the tables that the statement names to the plugin, or takes them back and judges what became of them.
    pub(super) async fn lend(
        &mut self,
        ticket: &Ticket,
        opens: bool,
        lends: &Lends,
        names: &str,
    ) -> Result<(), SqlError> {
        let opens = match (opens, lends.works_with_rows) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => 2,
        };
        let params = [
            Cell::text(ticket.number.clone()),
            Cell::Bytes(Some(ticket.opener.to_vec())),
            Cell::integer(opens),
            Cell::text(lends.verb.clone()),
            Cell::text(names),
        ];
        let lend = Own::one_row("SELECT @lend(?, ?, ?, ?, ?)", params).sealed();
        let lent = self.own(vec![lend]).await;
        lent.map(|_| ()).map_err(|error| self.refusal(error.into()))
    }

    /// The refusal of one of the functions that open something for a statement, with the permission that its hint names.
    pub(super) fn refusal(&self, error: BackendError) -> SqlError {
        let error = match error {
            BackendError::Disconnected(reason) => {
                return SqlError::new(ErrorKind::Disconnected, reason);
            }
            BackendError::Busy(reason) => {
                let error = SqlError::new(ErrorKind::Serialization, reason);
                return SqlError { retryable: true, ..error };
            }
            BackendError::Database(text) => text,
            error => error.to_string(),
        };
        let Some((message, hint)) = error.split_once("; hint: needs ") else {
            return SqlError::new(ErrorKind::Denied, error);
        };
        let (verb, relation) = hint.rsplit_once(' ').unwrap_or((hint, ""));
        let table = self.lent.iter().find(|right| right.relation.to_string() == relation);
        let lacks = match table {
            Some(right) if verb != "-" => Lacks::Permission(format!("{verb} {}", right.named)),
            _ => Lacks::Level,
        };
        SqlError { lacks: Some(lacks), ..SqlError::new(ErrorKind::Denied, message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alteration::Dialect;

    #[test]
    fn what_works_with_rows() {
        let works = |sql: &str| {
            works_with_rows(&Statement::one(sql, Dialect::Postgresql).expect("a statement"))
        };
        for sql in [
            "ALTER TABLE t ADD COLUMN type text NOT NULL DEFAULT 'x'",
            "alter table t add x integer default 1, drop column y",
            "ALTER TABLE t ALTER COLUMN x DROP NOT NULL",
            "ALTER TABLE t DROP CONSTRAINT c",
            "DROP INDEX i",
            "TRUNCATE t",
            "COMMENT ON TABLE t IS 'CHECK'",
        ] {
            assert!(!works(sql), "{sql}");
        }
        for sql in [
            "ALTER TABLE t ADD CHECK (x::integer > 0)",
            "ALTER TABLE t ADD COLUMN y integer GENERATED ALWAYS AS (f(x)) STORED",
            "ALTER TABLE t ALTER x SET DATA TYPE integer",
            "ALTER TABLE t ALTER x /* */ TYPE integer USING f(x)",
            "ALTER TABLE t ALTER COLUMN x SET NOT NULL",
            "ALTER TABLE t ADD UNIQUE (x)",
            "ALTER TABLE t ADD FOREIGN KEY (x) REFERENCES mine",
            "ALTER TABLE t NO FORCE ROW LEVEL SECURITY",
            "CREATE INDEX ON t (f(x))",
            "CREATE POLICY p ON t USING (f(x))",
        ] {
            assert!(works(sql), "{sql}");
        }
    }
}
