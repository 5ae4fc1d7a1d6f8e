//! What others made upon a plugin's objects, and stays: `DROP … CASCADE` of an object asks for no right on what depends on it.
//!
//! ```text
//!   plugin:    hook ─ finish: something was dropped, no list ─                  ─ finish: each of them is there ─ COMMIT
//!   operator:                                                  list, COMMIT
//! ```
//!
//! A transaction cannot see what was there before it, so the operator's session makes the list: it sees everything as it was
//! committed. Only `finish` runs between the list and the COMMIT, no code of the plugin. Where nothing was dropped there is no list.
//!
//! What depends on a table that was lent is judged with that table (`compared.rs`). In a rehearsal the operator's second session
//! sees nothing of the rehearsal's transaction; what an earlier alteration of it was permitted to drop counts as permitted to the
//! later ones.

use super::{
    super::PostgresConnection,
    lending::{DROPS, LEAVES_CODE},
};
use crate::backend::{BackendError, confining::Ticket, connection::Cell, transaction::Own};

/// Made with the tables of tickets.
pub(super) const TABLE: &str = "-- What depends on objects of a ticket's plugin and is not the plugin's, listed where its hook dropped something. A row with
    -- class 0 says that the list was made.
    CREATE TABLE IF NOT EXISTS @dependent (
        -- The ticket's number.
        number {key} NOT NULL,
        -- The catalogue.
        class {integer} NOT NULL,
        -- The object's number there; a column's is its table's.
        object {integer} NOT NULL,
        -- The number of a column, else 0.
        sub {integer} NOT NULL,
        -- The table or view that it belongs to, or 0.
        relation {integer} NOT NULL,
        -- The name of a constraint. Null for everything else.
        name {text},
        -- What messages call it.
        description {text} NOT NULL,
        -- 1 if the plugin may drop it, else 0.
        may_go {integer} NOT NULL,
        PRIMARY KEY (number, class, object, sub)
    )";

/// In `finish`: asks for the list, or refuses a hook that took something of it along. A foreign key that PostgreSQL made anew,
/// because a column that it refers to has another type, has the name that it had.
pub(super) fn kept(prefix: &str) -> String {
    format!(
        "    IF current_setting('track_counts') <> 'on' OR pg_stat_get_xact_tuples_deleted('pg_depend'::regclass) > 0 THEN
        IF NOT EXISTS (SELECT FROM {prefix}alteration_dependent WHERE number = finished) THEN
            RETURN 2;
        END IF;
        SELECT d.description INTO calls FROM {prefix}alteration_dependent d WHERE d.number = finished AND d.class <> 0 AND d.may_go = 0
            AND NOT EXISTS (SELECT FROM pg_depend p WHERE p.classid = d.class::oid AND p.objid = d.object::oid AND p.objsubid = d.sub)
            AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = d.relation::oid AND k.conname = d.name)
            AND NOT EXISTS (SELECT FROM {prefix}alteration_dependent e JOIN {prefix}alteration_ticket t ON t.number = e.number
                WHERE t.transaction = pg_current_xact_id()::text AND (e.class, e.object, e.sub, e.may_go) = (d.class, d.object, d.sub, 1))
            ORDER BY d.class, d.object, d.sub LIMIT 1;
        IF calls IS NOT NULL THEN
            RAISE insufficient_privilege USING MESSAGE =
                'the hook dropped something with what depends on it, which is not the plugin''s: ' || calls;
        END IF;
    END IF;
"
    )
}

/// The statement that lists what depends on objects of the plugin and belongs to others.
fn list() -> String {
    format!(
        "INSERT INTO @dependent (number, class, object, sub, relation, name, description, may_go)
    WITH me AS (SELECT t.number, r.rolname, r.oid FROM @ticket t JOIN pg_roles r ON r.rolname = t.role WHERE t.number = ?),
    mine (class, object) AS ({mine}),
    upon AS (SELECT DISTINCT d.classid, d.objid, d.objsubid FROM mine
        JOIN pg_depend d ON d.refclassid = mine.class AND d.refobjid = mine.object WHERE d.deptype IN ('n', 'a'))
    SELECT me.number, upon.classid::bigint, upon.objid::bigint, upon.objsubid, coalesce(o.relation, 0)::bigint,
        CASE upon.classid WHEN 'pg_constraint'::regclass THEN o.name END,
        coalesce(CASE WHEN upon.classid = 'pg_rewrite'::regclass AND o.name = '_RETURN' THEN pg_describe_object('pg_class'::regclass, o.relation, 0)
            ELSE pg_describe_object(upon.classid, upon.objid, upon.objsubid) END, 'an object'),
        CASE WHEN EXISTS (SELECT FROM @added a WHERE a.role = me.rolname
                AND (a.class, a.object, a.sub) = (upon.classid::bigint, upon.objid::bigint, upon.objsubid))
            OR EXISTS (SELECT FROM @right r WHERE r.number = me.number AND o.relation = ANY (@tree(r.relation::oid))
                AND (r.privilege = '{DROPS}' OR r.privilege = '{LEAVES_CODE}' AND upon.classid = 'pg_attrdef'::regclass)) THEN 1 ELSE 0 END
    FROM me CROSS JOIN upon CROSS JOIN LATERAL ({owned}) o (owner, relation, name) WHERE o.owner <> me.oid",
        mine = mine(),
        owned = owned()
    )
}

/// Selects everything that the role `me` owns and that something can depend on.
fn mine() -> String {
    let own = OWNED.map(|(catalogue, owner, _, _)| {
        format!("SELECT '{catalogue}'::regclass, c.oid FROM pg_catalog.{catalogue} c JOIN me ON me.oid = c.{owner}")
    });
    let constraints = "SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k JOIN me ON me.oid IN (\
        (SELECT relowner FROM pg_class WHERE oid = k.conrelid), (SELECT typowner FROM pg_type WHERE oid = k.contypid))";
    own.into_iter().chain([constraints.to_owned()]).collect::<Vec<_>>().join(" UNION ALL ")
}

/// Selects the owner of the object of `upon`, the relation that it belongs to, and its name; no row for what nobody would miss, as
/// that a table is published.
fn owned() -> String {
    let own = OWNED.map(|(catalogue, owner, relation, name)| {
        format!(
            "SELECT c.{owner}, {relation}, c.{name} FROM {catalogue} c \
             WHERE upon.classid = '{catalogue}'::regclass AND c.oid = upon.objid"
        )
    });
    let of_relations = OF_RELATIONS.map(|(catalogue, relation, name)| {
        format!(
            "SELECT r.relowner, r.oid, c.{name} FROM {catalogue} c JOIN pg_class r ON r.oid = c.{relation} \
             WHERE upon.classid = '{catalogue}'::regclass AND c.oid = upon.objid"
        )
    });
    own.into_iter()
        .chain(of_relations)
        .chain(OTHERS.map(str::to_owned))
        .collect::<Vec<_>>()
        .join(" UNION ALL ")
}

/// Catalogues whose objects have owners: the column of the owner, the relation that one belongs to, and the column of the name.
const OWNED: [(&str, &str, &str, &str); 15] = [
    (
        "pg_class",
        "relowner",
        "coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = c.oid), c.oid)",
        "relname",
    ),
    ("pg_type", "typowner", "nullif(c.typrelid, 0)", "typname"),
    ("pg_proc", "proowner", "NULL::oid", "proname"),
    ("pg_operator", "oprowner", "NULL::oid", "oprname"),
    ("pg_opclass", "opcowner", "NULL::oid", "opcname"),
    ("pg_opfamily", "opfowner", "NULL::oid", "opfname"),
    ("pg_collation", "collowner", "NULL::oid", "collname"),
    ("pg_conversion", "conowner", "NULL::oid", "conname"),
    ("pg_ts_config", "cfgowner", "NULL::oid", "cfgname"),
    ("pg_ts_dict", "dictowner", "NULL::oid", "dictname"),
    ("pg_namespace", "nspowner", "NULL::oid", "nspname"),
    ("pg_foreign_data_wrapper", "fdwowner", "NULL::oid", "fdwname"),
    ("pg_foreign_server", "srvowner", "NULL::oid", "srvname"),
    ("pg_extension", "extowner", "NULL::oid", "extname"),
    ("pg_event_trigger", "evtowner", "NULL::oid", "evtname"),
];

/// Catalogues whose objects belong to a relation: its column, and the column of the name.
const OF_RELATIONS: [(&str, &str, &str); 6] = [
    ("pg_rewrite", "ev_class", "rulename"),
    ("pg_constraint", "conrelid", "conname"),
    ("pg_trigger", "tgrelid", "tgname"),
    ("pg_attrdef", "adrelid", "oid::text"),
    ("pg_policy", "polrelid", "polname"),
    // They have an owner, but are made anew as the table's, where a column gets another type.
    ("pg_statistic_ext", "stxrelid", "stxname"),
];

/// A domain's constraint, an operator of a family, and a cast, which is others' where it is from, to or by something that is made
/// by others.
const OTHERS: [&str; 3] = [
    "SELECT t.typowner, NULL::oid, c.conname FROM pg_constraint c JOIN pg_type t ON t.oid = c.contypid \
        WHERE upon.classid = 'pg_constraint'::regclass AND c.oid = upon.objid",
    "SELECT f.opfowner, NULL::oid, f.opfname FROM pg_amop c JOIN pg_opfamily f ON f.oid = c.amopfamily \
        WHERE upon.classid = 'pg_amop'::regclass AND c.oid = upon.objid",
    "SELECT (SELECT min(u.owner::bigint)::oid FROM (SELECT t.oid, t.typowner AS owner FROM pg_type t WHERE t.oid IN (c.castsource, c.casttarget) \
            UNION ALL SELECT p.oid, p.proowner FROM pg_proc p WHERE p.oid = c.castfunc) u WHERE u.oid >= 16384 AND u.owner <> me.oid), NULL::oid, NULL::name \
        FROM pg_cast c WHERE upon.classid = 'pg_cast'::regclass AND c.oid = upon.objid",
];

impl PostgresConnection {
    /// Commits the list for a ticket whose hook dropped something.
    pub(super) async fn write_dependents(&mut self, ticket: &Ticket) -> Result<(), BackendError> {
        let number = || [Cell::text(ticket.number.clone())];
        let made = Own::new_row(
            "INSERT INTO @dependent (number, class, object, sub, relation, name, description, may_go) \
             VALUES (?, 0, 0, 0, 0, NULL, 'the list', 0)",
            number(),
        );
        self.commit_soon(vec![made, Own::run(list(), number())]).await
    }
}
