//! Tables of others that a confined plugin may alter on PostgreSQL: what a grant to alter gives, and what it does not.
//!
//! Each scenario deploys `evil/x` to a database with tables of the application and one of the confined plugin `acme/shop`.
//! Then the application works with its tables. Whatever became of the deploy, owners, rights and the code on these tables are as
//! before, and nothing of the plugin's has run with the application's rights; of what was refused, nothing is left at all.

use super::permissions::{ID, PREPARED, SHOP};
use crate::support::{
    Run, Sandbox,
    servers::{Database, Postgres, is_full},
};
use std::{
    fs,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

const THREADS: usize = 3;

/// What the application has.
const THEIRS: &str = "
    CREATE TABLE public.customers (id serial PRIMARY KEY, name text NOT NULL, city text CONSTRAINT known CHECK (city <> ''));
    INSERT INTO public.customers (name, city) VALUES ('Ada', 'London'), ('Grace', 'New York');
    CREATE TABLE public.vault (value text);
    INSERT INTO public.vault VALUES ('s3cr3t-needle');
    CREATE TABLE public.events (at date, note text) PARTITION BY RANGE (at);
    CREATE TABLE public.events_old PARTITION OF public.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE public.events_new PARTITION OF public.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO public.events VALUES ('2025-05-05', 'old'), ('2026-05-05', 'new');
    CREATE VIEW public.cities AS SELECT city FROM public.customers;
    CREATE FUNCTION public.tidy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.name := trim(new.name); RETURN new; END';
    CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON public.customers FOR EACH ROW EXECUTE FUNCTION public.tidy();
    CREATE FUNCTION public.rename_all() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
        AS 'UPDATE customers SET name = name || ''!''';
    REVOKE EXECUTE ON FUNCTION public.rename_all() FROM PUBLIC;
    CREATE TABLE public.guests (id integer PRIMARY KEY); ALTER TABLE public.guests ENABLE ROW LEVEL SECURITY;
    CREATE TABLE public.logged (id integer);
    CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        AS 'BEGIN INSERT INTO vault VALUES (''noted''); RETURN new; END';
    REVOKE EXECUTE ON FUNCTION public.noted() FROM PUBLIC;
    CREATE TRIGGER noted AFTER INSERT ON public.logged FOR EACH ROW EXECUTE FUNCTION public.noted();
    CREATE TABLE public.rooms (id integer); INSERT INTO public.rooms VALUES (1);
    CREATE SCHEMA billing; CREATE TABLE billing.invoices (id integer); INSERT INTO billing.invoices VALUES (1);
    GRANT SELECT, UPDATE (name) ON public.customers TO reader; GRANT SELECT ON public.customers TO PUBLIC;
    GRANT SELECT ON public.events TO reader WITH GRANT OPTION; GRANT USAGE ON SEQUENCE public.customers_id_seq TO reader;";
/// Owners, rights, and code on tables, of all that is not the plugin's.
const RIGHTS: &str = "
    SELECT concat_ws('|', 'relation', c.oid::regclass, relkind, relowner::regrole, relrowsecurity, relforcerowsecurity,
            coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r' END, relowner)), relreplident, reloptions, relnamespace::regnamespace)
        FROM pg_class c WHERE relkind IN ('r', 'p', 'v', 'S') AND c.oid >= 16384 AND relowner::regrole::text !~ '^runner_evil'
        AND relname NOT LIKE 'alteration\\_%' ORDER BY 1;
    SELECT concat_ws('|', 'column right', attrelid::regclass, attname, attacl) FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid >= 16384;
    SELECT concat_ws('|', 'trigger', tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(t.oid)) FROM pg_trigger t
        JOIN pg_class c ON c.oid = tgrelid WHERE relowner::regrole::text !~ '^runner_evil' AND NOT tgisinternal
        AND tgfoid::regproc::text <> 'left_there' ORDER BY 1;
    SELECT concat_ws('|', 'policy', polrelid::regclass, polname) FROM pg_policy;
    SELECT concat_ws('|', 'rule', ev_class::regclass, rulename) FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
        WHERE relowner::regrole::text !~ '^runner_evil' AND c.oid >= 16384 ORDER BY 1;
    SELECT concat_ws('|', 'inherits', inhrelid::regclass, inhparent::regclass) FROM pg_inherits
        JOIN pg_class c ON c.oid = inhrelid WHERE relkind IN ('r', 'p') ORDER BY 1;
    SELECT concat_ws('|', 'published', pubname) FROM pg_publication;
    SELECT concat_ws('|', 'function', oid::regprocedure, proowner::regrole, proacl, md5(prosrc)) FROM pg_proc
        WHERE oid >= 16384 AND proowner::regrole::text !~ '^runner_evil' AND proname NOT LIKE 'alteration\\_%' ORDER BY 1;
    SELECT concat_ws('|', 'schema', nspname, nspowner::regrole, (SELECT string_agg(x::text, ',' ORDER BY x::text)
        FROM unnest(coalesce(nspacl, acldefault('n', nspowner))) x
        WHERE x::text !~ '^runner_evil')) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp' ORDER BY 1;
    SELECT concat_ws('|', 'role', rolname, rolsuper, rolcreaterole) FROM pg_roles WHERE rolname !~ '^runner_' ORDER BY 1;
    SELECT concat_ws('|', 'vault', value) FROM public.vault;";
/// A role is of the whole cluster: several databases are prepared at once.
const MEMBER: &str = "DO $$ BEGIN IF NOT pg_has_role('runner', 'stranger', 'MEMBER') THEN GRANT stranger TO runner; END IF; END $$;";
/// What is as before where nothing was granted, or it was refused.
const SHAPES: &str = "
    SELECT concat_ws('|', 'column', attrelid::regclass, attnum, attname, atttypid::regtype, attnotnull) FROM pg_attribute a
        JOIN pg_class c ON c.oid = attrelid WHERE relkind IN ('r', 'p') AND c.oid >= 16384 AND attnum > 0 AND NOT attisdropped
        AND relname NOT LIKE 'alteration\\_%' ORDER BY 1;
    SELECT concat_ws('|', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k
        JOIN pg_class c ON c.oid = conrelid WHERE c.oid >= 16384 AND relname NOT LIKE 'alteration\\_%' ORDER BY 1;
    SELECT concat_ws('|', 'default', adrelid::regclass, adnum, pg_get_expr(adbin, adrelid)) FROM pg_attrdef
        WHERE adrelid::regclass::text NOT LIKE 'alteration\\_%' ORDER BY 1;
    SELECT concat_ws('|', 'index', indexrelid::regclass) FROM pg_index WHERE indrelid >= 16384
        AND indrelid::regclass::text NOT LIKE 'alteration\\_%' ORDER BY 1;
    SELECT concat_ws('|', 'customer', c) FROM public.customers c ORDER BY 1;
    SELECT concat_ws('|', 'event', e) FROM public.events e ORDER BY 1;
    SELECT concat_ws('|', 'order', o) FROM public.orders o ORDER BY 1;";
/// Rights of the plugin's role on what is not its own.
const KEPT: &str = "
    SELECT format('%s %s', a.privilege_type, c.relname) FROM pg_class c, aclexplode(c.relacl) a
        WHERE a.grantee::regrole::text ~ '^runner_evil' AND c.relowner <> a.grantee
    UNION ALL SELECT format('%s %s', a.privilege_type, attname) FROM pg_attribute c, aclexplode(c.attacl) a
        WHERE a.grantee::regrole::text ~ '^runner_evil'
    UNION ALL SELECT format('%s %s', a.privilege_type, nspname) FROM pg_namespace c, aclexplode(c.nspacl) a
        WHERE a.grantee::regrole::text ~ '^runner_evil' AND a.privilege_type <> 'USAGE'
    UNION ALL SELECT format('default %s', d.oid) FROM pg_default_acl d, aclexplode(d.defaclacl) a
        WHERE a.grantee::regrole::text ~ '^runner_evil' AND d.defaclrole <> a.grantee
    UNION ALL SELECT format('lent %s', relation) FROM alteration_loan";
/// What the application does afterwards.
const LATER: &str = "
    INSERT INTO public.customers (name) VALUES ('Edsger');
    UPDATE public.customers SET name = 'Barbara' WHERE id = 1;
    SELECT count(*) FROM public.customers WHERE name IS NOT NULL;
    INSERT INTO public.events VALUES ('2026-06-06', 'later');
    UPDATE public.events SET note = 'x';
    ANALYZE public.customers; REINDEX TABLE public.customers;
    DELETE FROM public.customers WHERE name = 'Barbara';";

enum Ends {
    /// It is applied; these queries then give these rows, after the application has worked.
    Applied(&'static [(&'static str, &'static [&'static str])]),
    /// It is refused, with a text that contains these.
    Refused(&'static [&'static str]),
}

struct Scenario {
    name: &'static str,
    /// The permissions in the manifest, all granted.
    asks: &'static [&'static str],
    up: &'static str,
    /// The way back, which leads to what was before; none is tried where it is empty.
    down: &'static str,
    ends: Ends,
}

const ALTERS: &str = "alters app:customers";
const CODE: &str = "leaves code on app:customers";
const DROPS: &str = "drops app:customers";
/// A function that would be seen to run with the application's rights: `$name` with `$head`, which returns `$gives`.
macro_rules! steals {
    ($name:literal, $head:literal, $gives:literal) => {
        concat!(
            "CREATE FUNCTION tries() RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE public.vault SET value = ''owned''; \
             EXCEPTION WHEN insufficient_privilege THEN NULL; END'; CREATE FUNCTION ",
            $name,
            $head,
            " LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM public.tries(); RETURN ",
            $gives,
            "; END';"
        )
    };
}

const fn works(
    name: &'static str,
    asks: &'static [&'static str],
    up: &'static str,
    down: &'static str,
    found: &'static [(&'static str, &'static [&'static str])],
) -> Scenario {
    Scenario { name, asks, up, down, ends: Ends::Applied(found) }
}

const fn attack(
    name: &'static str,
    asks: &'static [&'static str],
    up: &'static str,
    why: &'static [&'static str],
) -> Scenario {
    Scenario { name, asks, up, down: "", ends: Ends::Refused(why) }
}

const WORKS: &[Scenario] = &[
    works(
        "a column, backfilled, with an index",
        &[ALTERS],
        "ALTER TABLE customers ADD COLUMN vip boolean DEFAULT false, ADD COLUMN since timestamptz DEFAULT now();
         UPDATE customers SET vip = true WHERE id = 1;
         ALTER TABLE public.customers ALTER COLUMN vip SET NOT NULL;
         COMMENT ON COLUMN customers.vip IS 'very';
         CREATE INDEX customers_vip ON \"customers\" (vip) WHERE vip;
         ALTER TABLE customers ALTER COLUMN name SET NOT NULL;",
        "DROP INDEX customers_vip; ALTER TABLE customers DROP COLUMN vip; ALTER TABLE customers DROP COLUMN since;",
        &[("SELECT vip FROM customers WHERE name = 'Edsger'", &["f"])],
    ),
    works(
        "a check and a unique key",
        &[ALTERS],
        "ALTER TABLE customers ADD CONSTRAINT named CHECK (length(name) BETWEEN 1 AND 100) NOT VALID;
         ALTER TABLE customers VALIDATE CONSTRAINT named;
         CREATE UNIQUE INDEX one_name ON customers (lower(name));
         ALTER TABLE customers ADD CONSTRAINT one_pair UNIQUE (id, city);",
        "ALTER TABLE customers DROP CONSTRAINT named, DROP CONSTRAINT one_pair; DROP INDEX one_name;",
        &[],
    ),
    works(
        "a foreign key to its own table",
        &[ALTERS],
        "CREATE TABLE kinds (id integer PRIMARY KEY); INSERT INTO kinds VALUES (7);
         ALTER TABLE customers ADD COLUMN kind integer DEFAULT 7 REFERENCES kinds;",
        "ALTER TABLE customers DROP COLUMN kind; DROP TABLE kinds;",
        &[("SELECT DISTINCT kind FROM customers", &["7"])],
    ),
    works(
        "rows, in a block",
        &[ALTERS],
        "DO $$ BEGIN UPDATE customers SET city = 'Paris' WHERE id = 1; DELETE FROM customers WHERE id = 2;
            INSERT INTO customers (name, city) VALUES (' Alan ', 'Paris'); END $$;",
        "",
        &[("SELECT name FROM customers WHERE city = 'Paris'", &["Alan"])],
    ),
    works(
        "numbers of its own",
        &[ALTERS],
        "ALTER TABLE customers ADD COLUMN n serial, ADD COLUMN m integer GENERATED ALWAYS AS IDENTITY,
            ADD COLUMN l integer GENERATED ALWAYS AS (length(name)) STORED;",
        "ALTER TABLE customers DROP COLUMN n, DROP COLUMN m, DROP COLUMN l;",
        &[("SELECT concat_ws('|', max(n), max(m), max(l)) FROM customers", &["3|3|6"])],
    ),
    works(
        "partitions",
        &["alters app:events"],
        "ALTER TABLE events ADD COLUMN kind text DEFAULT 'plain'; CREATE INDEX events_kind ON events (kind);
         UPDATE events SET kind = 'old' WHERE at < '2026-01-01'; ALTER TABLE events ADD CHECK (kind <> '');",
        "DROP INDEX events_kind; ALTER TABLE events DROP COLUMN kind;",
        &[("SELECT string_agg(kind, ',' ORDER BY at) FROM events", &["old,plain,plain"])],
    ),
    works(
        "a table of another confined plugin",
        &["alters acme/shop:orders"],
        "ALTER TABLE orders ADD COLUMN weight integer; UPDATE orders SET weight = 3; CREATE INDEX orders_weight ON orders (weight);",
        "DROP INDEX orders_weight; ALTER TABLE orders DROP COLUMN weight;",
        &[("SELECT DISTINCT weight FROM orders", &["3"])],
    ),
    works(
        "what it refers to as well",
        &[ALTERS, "references app:customers"],
        "CREATE TABLE tags (customer integer REFERENCES customers ON DELETE CASCADE);
         ALTER TABLE tags ADD COLUMN other integer REFERENCES customers ON DELETE CASCADE;
         ALTER TABLE customers ADD COLUMN tagged boolean; INSERT INTO tags VALUES (1, 2);",
        "ALTER TABLE customers DROP COLUMN tagged; DROP TABLE tags;",
        &[("SELECT count(*) FROM tags", &["0"])],
    ),
    works(
        "a column that is dropped",
        &[ALTERS, DROPS],
        "ALTER TABLE customers DROP CONSTRAINT known; ALTER TABLE customers ALTER COLUMN name DROP NOT NULL; DROP INDEX IF EXISTS nothing;",
        "",
        &[("SELECT count(*) FROM pg_constraint WHERE conname = 'known'", &["0"])],
    ),
    works(
        "a table that is emptied",
        &[ALTERS, DROPS],
        "TRUNCATE customers;",
        "",
        &[("SELECT name FROM customers", &["Edsger"])],
    ),
    works(
        "its own columns, altered later",
        &[ALTERS],
        "ALTER TABLE customers ADD COLUMN a integer; CREATE INDEX by_a ON customers (a);
         ALTER TABLE customers ALTER COLUMN a TYPE bigint; ALTER TABLE customers ALTER COLUMN a SET DEFAULT 4;
         ALTER TABLE customers RENAME COLUMN a TO b; ALTER INDEX by_a RENAME TO by_b;",
        "ALTER TABLE customers DROP COLUMN b;",
        &[("SELECT b FROM customers WHERE name = 'Edsger'", &["4"])],
    ),
    works(
        "GRANT does nothing",
        &[ALTERS],
        // PostgreSQL only warns.
        "GRANT ALL ON customers TO PUBLIC; GRANT UPDATE (city) ON customers TO CURRENT_USER;
         DO $$ BEGIN EXECUTE format('GRANT ALL ON customers TO %I', current_user); END $$; REVOKE ALL ON customers FROM reader;",
        "",
        &[],
    ),
    works(
        "a function that was to keep the access",
        &[ALTERS],
        "CREATE FUNCTION later() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'UPDATE customers SET city = ''owned''';
         UPDATE customers SET city = 'Rome' WHERE id = 2;",
        "",
        &[("SELECT DISTINCT city FROM customers WHERE city IS NOT NULL", &["Rome"])],
    ),
    works(
        "a trigger that was permitted",
        &[ALTERS, CODE],
        "CREATE TABLE marks (who text); CREATE FUNCTION left_there() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO marks VALUES (current_user); BEGIN UPDATE vault SET value = ''owned'';
             EXCEPTION WHEN insufficient_privilege THEN NULL; END; RETURN new; END';
         CREATE TRIGGER evil AFTER UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION left_there();",
        "",
        &[("SELECT DISTINCT who ~ '^runner_evil' FROM marks", &["t"])],
    ),
    works(
        "a check that was permitted",
        &[ALTERS, CODE],
        concat!(
            steals!("fine(text)", " RETURNS boolean", "true"),
            "ALTER TABLE customers ADD CONSTRAINT mine CHECK (fine(name)), ALTER COLUMN city SET DEFAULT 'Rome';"
        ),
        "ALTER TABLE customers DROP CONSTRAINT mine, ALTER COLUMN city DROP DEFAULT; DROP FUNCTION fine, tries;",
        &[("SELECT city FROM customers WHERE name = 'Edsger'", &["Rome"])],
    ),
    works(
        "a table whose owner may make nothing in the schema",
        &["alters app:rooms"],
        "ALTER TABLE rooms ADD COLUMN x integer DEFAULT 5; CREATE INDEX rooms_x ON rooms (x);",
        "ALTER TABLE rooms DROP COLUMN x;",
        &[("SELECT DISTINCT x FROM rooms", &["5"])],
    ),
    works(
        "a table in another schema",
        &["alters app:billing.invoices"],
        "ALTER TABLE billing.invoices ADD COLUMN x integer DEFAULT 5; CREATE INDEX invoices_x ON billing.invoices (x);",
        "ALTER TABLE billing.invoices DROP COLUMN x;",
        &[("SELECT DISTINCT x FROM billing.invoices", &["5"])],
    ),
    works(
        "one of two tables",
        &[ALTERS, "alters app:events"],
        "ALTER TABLE events ADD COLUMN x integer; ALTER TABLE customers ADD COLUMN y integer;",
        "ALTER TABLE events DROP COLUMN x; ALTER TABLE customers DROP COLUMN y;",
        &[],
    ),
    works(
        "a deferred trigger of its own",
        &[ALTERS],
        "CREATE TABLE own (x integer);
         CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN UPDATE vault SET value = ''owned''; RETURN new; EXCEPTION WHEN insufficient_privilege THEN RETURN new; END';
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON own DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fires();
         INSERT INTO own VALUES (1); ALTER TABLE customers ADD COLUMN z integer;",
        "ALTER TABLE customers DROP COLUMN z; DROP TABLE own; DROP FUNCTION fires;",
        &[],
    ),
];

const TRIGGER: &str =
    "CREATE FUNCTION left_there() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE vault SET value = ''owned''; RETURN new; END';
     CREATE TRIGGER evil BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION left_there();";
const OWNER: &str = "must be owner of table customers";

const ATTACKS: &[Scenario] = &[
    attack("alters without asking", &[], "ALTER TABLE customers ADD COLUMN x integer;", &[OWNER]),
    attack("a trigger", &[ALTERS], TRIGGER, &["adds the trigger evil", CODE]),
    attack("a rule", &[ALTERS], "CREATE RULE evil AS ON UPDATE TO customers DO ALSO DELETE FROM vault;", &["adds the rule evil"]),
    // A rule acts with the rights of the owner of its table.
    attack("a rule, with code permitted", &[ALTERS, CODE], "CREATE RULE evil AS ON UPDATE TO customers DO ALSO DELETE FROM vault;", &["adds the rule evil"]),
    attack("a policy", &[ALTERS], "CREATE POLICY evil ON customers USING (true);", &["adds the policy evil", CODE]),
    attack("row level security on", &[ALTERS], "ALTER TABLE customers ENABLE ROW LEVEL SECURITY;", &["row level security", CODE]),
    attack("row level security forced", &[ALTERS], "ALTER TABLE customers FORCE ROW LEVEL SECURITY;", &["forced row level security", CODE]),
    attack("another owner", &[ALTERS], "ALTER TABLE customers OWNER TO reader;", &["reader"]),
    attack("another schema", &[ALTERS], "CREATE SCHEMA x; ALTER TABLE customers SET SCHEMA x;", &["permission denied for database"]),
    attack("another name", &[ALTERS], "ALTER TABLE customers RENAME TO mine;", &["changes the table", "its name"]),
    attack("another name for a column", &[ALTERS], "ALTER TABLE customers RENAME COLUMN name TO mine;", &["changes the column", "its name"]),
    attack("DROP TABLE", &[ALTERS], "DROP TABLE customers CASCADE;", &["takes away", "nothing"]),
    attack("DROP TABLE of a table without dependents", &["alters app:events"], "DROP TABLE events;", &["takes away the table", "drops app:events"]),
    attack("DROP TABLE of a partition", &["alters app:events"], "DROP TABLE events_old;", &["takes away the table", "drops app:events"]),
    attack("what depends on it, with drops permitted", &[ALTERS, DROPS], "DROP TABLE customers CASCADE;", &["takes away rule"]),
    attack("what depends on a column, with drops permitted", &[ALTERS, DROPS], "ALTER TABLE customers DROP COLUMN city CASCADE;", &["takes away rule"]),
    attack("TRUNCATE", &[ALTERS], "TRUNCATE customers;", &["would empty the table", DROPS]),
    attack("TRUNCATE in a block", &[ALTERS], "DO $$ BEGIN TRUNCATE customers; END $$;", &["permission denied for table customers"]),
    attack("DROP COLUMN", &["alters app:events"], "ALTER TABLE events DROP COLUMN note;", &["takes away the column", "drops app:events"]),
    attack("DROP CONSTRAINT", &[ALTERS], "ALTER TABLE customers DROP CONSTRAINT known;", &["takes away the constraint", DROPS]),
    attack("DROP NOT NULL", &[ALTERS], "ALTER TABLE customers ALTER COLUMN name DROP NOT NULL;", &["takes away", DROPS]),
    attack("DROP TRIGGER", &[ALTERS, DROPS, CODE], "DROP TRIGGER tidy ON customers;", &["takes away the trigger tidy"]),
    attack("DISABLE TRIGGER", &[ALTERS, DROPS, CODE], "ALTER TABLE customers DISABLE TRIGGER tidy;", &["changes the trigger tidy"]),
    attack(
        "a type by its own function",
        &["alters app:events"],
        concat!(
            steals!("steal(text)", " RETURNS integer", "1"),
            "ALTER TABLE events ALTER COLUMN note TYPE integer USING steal(note);"
        ),
        &["changes the column", "its type"],
    ),
    attack("a default of a column of the application's", &[ALTERS], "ALTER TABLE customers ALTER COLUMN city SET DEFAULT 'Rome';", &["adds the default", CODE]),
    attack(
        "a default that executes text",
        &[ALTERS],
        "ALTER TABLE customers ADD COLUMN x xml DEFAULT query_to_xml('SELECT 1', true, true, '');",
        &["calls query_to_xml"],
    ),
    attack(
        "a default that executes text, with code permitted",
        &[ALTERS, CODE],
        "ALTER TABLE customers ALTER COLUMN city SET DEFAULT query_to_xml('DELETE FROM vault', true, true, '')::text;",
        &["calls query_to_xml"],
    ),
    attack("a default that changes settings", &[ALTERS], "ALTER TABLE customers ADD COLUMN x text DEFAULT set_config('search_path', 'evil', false);", &["calls set_config"]),
    attack("a default that sleeps", &[ALTERS], "ALTER TABLE customers ADD COLUMN x text; ALTER TABLE customers ALTER COLUMN x SET DEFAULT pg_sleep(9)::text;", &["calls pg_sleep"]),
    attack(
        "a default by its own function",
        &[ALTERS],
        concat!(steals!("steal()", " RETURNS integer", "1"), "ALTER TABLE customers ADD COLUMN x integer DEFAULT steal();"),
        &["made with function", CODE],
    ),
    attack(
        "a check by its own function",
        &[ALTERS],
        concat!(steals!("steal(text)", " RETURNS boolean", "true"), "ALTER TABLE customers ADD CHECK (steal(name));"),
        &["made with function", CODE],
    ),
    attack(
        "an index on its own function",
        &[ALTERS],
        concat!(steals!("steal(text)", " RETURNS text", "''x''"), "CREATE INDEX evil ON customers (steal(name));"),
        &["made with function", CODE],
    ),
    attack(
        "an index where its own function says so",
        &[ALTERS],
        concat!(steals!("steal(text)", " RETURNS boolean", "true"), "CREATE INDEX evil ON customers (id) WHERE steal(name);"),
        &["made with function", CODE],
    ),
    attack(
        "a domain with its own check",
        &[ALTERS],
        concat!(
            steals!("steal(text)", " RETURNS boolean", "true"),
            "CREATE DOMAIN mine AS text CHECK (steal(value)); ALTER TABLE customers ADD COLUMN x mine;"
        ),
        &["made with type public.mine", CODE],
    ),
    attack("a child", &[ALTERS], "CREATE TABLE own (id integer NOT NULL, name text NOT NULL, city text CONSTRAINT known CHECK (city <> '')); ALTER TABLE own INHERIT customers;", &["inherits"]),
    attack("a child that is made", &[ALTERS], "CREATE TABLE own () INHERITS (customers);", &[OWNER]),
    attack(
        "a partition",
        &["alters app:events"],
        "CREATE TABLE own (at date, note text); ALTER TABLE events ATTACH PARTITION own FOR VALUES FROM ('2028-01-01') TO ('2029-01-01');",
        &["partition"],
    ),
    attack("a partition that is taken away", &["alters app:events"], "ALTER TABLE events DETACH PARTITION events_old;", &["events_old"]),
    attack("a sequence of its own", &[ALTERS], "CREATE SEQUENCE own; ALTER SEQUENCE own OWNED BY customers.id;", &["same owner"]),
    attack("a publication", &[ALTERS], "CREATE PUBLICATION evil FOR TABLE customers;", &["permission denied for database"]),
    attack("statistics", &[ALTERS], "CREATE STATISTICS evil ON name, city FROM customers;", &[OWNER]),
    attack("replica identity", &[ALTERS], "ALTER TABLE customers REPLICA IDENTITY FULL;", &["replica identity"]),
    attack("storage settings", &[ALTERS], "ALTER TABLE customers SET (autovacuum_enabled = false);", &["(settings)"]),
    attack("DDL in a block", &[ALTERS], "DO $$ BEGIN EXECUTE 'ALTER TABLE customers ADD COLUMN x integer'; END $$;", &[OWNER]),
    attack(
        "a function that would act while it is lent",
        &[ALTERS],
        "CREATE FUNCTION later() RETURNS integer LANGUAGE plpgsql AS 'BEGIN EXECUTE ''DROP TRIGGER tidy ON customers''; RETURN 1; END';
         ALTER TABLE customers ADD COLUMN x integer DEFAULT later();",
        &["function public.later()", "while it is lent"],
    ),
    attack(
        "a trigger of its own that would act while it is lent",
        &[ALTERS],
        "CREATE TABLE own (x integer);
         CREATE FUNCTION acts() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE ''DROP TRIGGER tidy ON customers''; RETURN new; END';
         CREATE TRIGGER acts BEFORE INSERT ON own FOR EACH ROW EXECUTE FUNCTION acts();
         REVOKE EXECUTE ON FUNCTION acts() FROM PUBLIC, CURRENT_USER;
         CREATE FUNCTION fires() RETURNS integer LANGUAGE plpgsql AS 'BEGIN INSERT INTO own VALUES (1); RETURN 1; END';
         ALTER TABLE customers ADD COLUMN x integer DEFAULT fires();",
        &["function public.acts()", "while it is lent"],
    ),
    attack(
        "a cascade from its own table",
        &[ALTERS],
        "CREATE TABLE own (id integer PRIMARY KEY); ALTER TABLE customers ADD COLUMN x integer REFERENCES own ON DELETE CASCADE;",
        &["a change elsewhere would change rows there", CODE],
    ),
    // The cascade runs as the owner of customers, and so would the trigger while its function is not finished.
    attack(
        "a cascade that would fire its trigger as the application",
        &[ALTERS, CODE],
        "CREATE TABLE own (id integer PRIMARY KEY); INSERT INTO own VALUES (1);
             ALTER TABLE customers ADD COLUMN x integer DEFAULT 1 REFERENCES own ON DELETE SET NULL;
             CREATE FUNCTION left_there() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE vault SET value = ''owned''; RETURN new; END';
             CREATE TRIGGER evil BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION left_there(); DELETE FROM own;",
        &["rights that are not the plugin's", "cascades"],
    ),
    attack(
        "a foreign key of its own that refers to it",
        &[ALTERS],
        "CREATE TABLE own (x integer); ALTER TABLE own ADD FOREIGN KEY (x) REFERENCES customers;",
        &["adds the constraint", "references app:customers"],
    ),
];

fn rows(database: &Database, queries: &str) -> Vec<String> {
    let queries = queries.split_inclusive(';').filter(|sql| !sql.trim().is_empty());
    queries.flat_map(|sql| database.rows(sql)).collect()
}

/// A database with the application's tables and a confined acme/shop; `Kept` has a role that makes none.
fn prepared(server: &Postgres, user: &str, is_kept: bool) -> (Sandbox, String) {
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(&format!(
        "{PREPARED} {THEIRS} RESET ROLE; {MEMBER} ALTER TABLE rooms OWNER TO stranger;"
    ));
    let url = sandbox.url().replace("//runner:", &format!("//{user}:"));
    if is_kept {
        let missing = sandbox.runner(&["setup", "--print", "--database", &url]);
        sandbox.server().admin_sql(&missing.stdout);
    }
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-orders", SHOP, "DROP TABLE orders;")]);
    (sandbox, url)
}

fn deploy(sandbox: &Sandbox, url: &str, asks: &[&str]) -> Run {
    let grants: Vec<String> = asks.iter().map(|ask| format!("--grant=evil/x:{ask}")).collect();
    let mut args = vec!["deploy", "plugins", "--yes", "--confine", "*", "--database", url];
    args.extend(grants.iter().map(String::as_str));
    sandbox.runner(&args)
}

fn pack(sandbox: &Sandbox, asks: &[&str], up: &str, down: &str) {
    let asks: Vec<String> = asks.iter().map(|ask| format!("'{ask}'")).collect();
    let settings =
        format!("plugin = 'evil/x'\n[alterations.'{ID}']\npermissions = [{}]\n", asks.join(", "));
    sandbox.write("sources/evil/alteration.toml", settings);
    sandbox.write(&format!("sources/evil/{ID}.up.sql"), up);
    if !down.is_empty() {
        sandbox.write(&format!("sources/evil/{ID}.down.sql"), down);
    }
    sandbox.ok(&["pack", "sources/evil", "--out", "plugins/evil/x", "--replace"]);
}

fn tried(
    server: &Postgres,
    (user, is_kept): (&str, bool),
    scenario: &Scenario,
) -> Result<(), String> {
    let (sandbox, url) = prepared(server, user, is_kept);
    let database = sandbox.server();
    let shop = deploy(&sandbox, &url, &[]);
    if shop.code != Some(0) {
        return Err(format!("acme/shop failed: {shop:#?}"));
    }
    let (rights, shapes) = (rows(database, RIGHTS), rows(database, SHAPES));
    let same = |what: &str, was: &[String], is: Vec<String>| {
        let gone: Vec<_> = was.iter().filter(|row| !is.contains(row)).collect();
        let new: Vec<_> = is.iter().filter(|row| !was.contains(row)).collect();
        match gone.is_empty() && new.is_empty() {
            true => Ok(()),
            false => Err(format!("{what} changed: {gone:#?} {new:#?}")),
        }
    };
    pack(&sandbox, scenario.asks, scenario.up, scenario.down);
    let run = deploy(&sandbox, &url, scenario.asks);
    let kept = database.rows(KEPT);
    if !kept.is_empty() {
        return Err(format!("it keeps {kept:?}: {run:#?}"));
    }
    match &scenario.ends {
        Ends::Refused(why) => {
            let unsaid: Vec<_> = why.iter().filter(|why| !run.stderr.contains(**why)).collect();
            if run.code == Some(0) || !unsaid.is_empty() {
                return Err(format!("not refused for {unsaid:?}: {run:#?}"));
            }
            same("the shape", &shapes, rows(database, SHAPES))?;
            same("a right", &rights, rows(database, RIGHTS))?;
        }
        Ends::Applied(found) => {
            if run.code != Some(0) {
                return Err(format!("not applied: {run:#?}"));
            }
            if !scenario.down.is_empty() {
                let back = sandbox.runner(&[
                    "rollback",
                    "--plugin",
                    "evil/x",
                    "--steps",
                    "1",
                    "--yes",
                    "--database",
                    &url,
                ]);
                if back.code != Some(0) {
                    return Err(format!("not rolled back: {back:#?}"));
                }
                same("the shape", &shapes, rows(database, SHAPES))?;
                same("a right", &rights, rows(database, RIGHTS))?;
                let again = deploy(&sandbox, &url, scenario.asks);
                if again.code != Some(0) {
                    return Err(format!("not applied again: {again:#?}"));
                }
            }
            database.sql(LATER);
            database.admin_sql("UPDATE public.orders SET note = 'y'");
            for (sql, expected) in *found {
                if database.rows(sql) != *expected {
                    return Err(format!("{sql}: {:?}", database.rows(sql)));
                }
            }
        }
    }
    let is = rows(database, RIGHTS);
    let new = |row: &String| !row.starts_with("relation|customers_") || rights.contains(row);
    same("a right", &rights, is.into_iter().filter(new).collect())?;
    let kept = database.rows(KEPT);
    if kept.is_empty() { Ok(()) } else { Err(format!("it keeps {kept:?}")) }
}

fn all(major: u32, user: &str, is_kept: bool, every: usize, offset: usize) {
    let server = server(major, is_kept);
    let every = if is_full() { 1 } else { every };
    let scenarios: Vec<_> = WORKS.iter().chain(ATTACKS).skip(offset).step_by(every).collect();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = tried(&server, (user, is_kept), scenario) {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push(format!("{}: {why}", scenario.name));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn server(major: u32, is_kept: bool) -> Postgres {
    let server = Postgres::of(major, &[("fsync", "off")]);
    let may = if is_kept { "NOCREATEROLE" } else { "CREATEROLE" };
    server.database().admin_sql(&format!(
        "ALTER ROLE runner {may}; ALTER ROLE postgres PASSWORD 's3cret'; CREATE ROLE reader LOGIN; CREATE ROLE stranger; GRANT stranger TO runner"
    ));
    server
}

#[test]
fn a_table_that_is_lent_comes_back_as_it_was() {
    all(15, "runner", false, 4, 0);
}

#[test]
fn with_a_superusers_url() {
    all(15, "postgres", false, 8, 1);
}

#[test]
fn with_the_url_of_a_role_that_makes_no_roles() {
    all(15, "runner", true, 8, 2);
}

#[test]
fn on_other_versions() {
    if is_full() {
        for major in [14, 16, 18] {
            all(major, "runner", false, 1, 0);
            all(major, "runner", true, 4, 0);
        }
    }
}

/// Deploys with the permission, and returns what it said; nothing may be altered.
fn not_lent(server: &Postgres, before: &str, ask: &str) -> Run {
    let (sandbox, url) = prepared(server, "runner", false);
    assert_eq!(deploy(&sandbox, &url, &[]).code, Some(0));
    sandbox.server().admin_sql(before);
    let (rights, shapes) = (rows(sandbox.server(), RIGHTS), rows(sandbox.server(), SHAPES));
    pack(&sandbox, &[ask], "CREATE TABLE own (x integer);", "");
    let run = deploy(&sandbox, &url, &[ask]);
    assert_eq!(run.code, Some(4), "{run:#?}");
    assert_eq!((rights, shapes), (rows(sandbox.server(), RIGHTS), rows(sandbox.server(), SHAPES)));
    assert!(sandbox.server().rows("SELECT 1 FROM pg_class WHERE relname = 'own'").is_empty());
    run
}

#[test]
fn a_table_that_cannot_be_lent_says_why_and_what_to_run() {
    let server = server(15, false);
    let table = [
        (
            "REVOKE stranger FROM runner; ALTER TABLE customers OWNER TO stranger",
            ALTERS,
            ["belongs to the role stranger", "GRANT stranger TO runner;"],
        ),
        (
            "ALTER TABLE customers OWNER TO postgres",
            DROPS,
            ["belongs to the role postgres", "ALTER TABLE public.customers OWNER TO runner;"],
        ),
        (
            "ALTER TABLE events_old OWNER TO stranger",
            "alters app:events",
            ["its child public.events_old belongs to another owner", "changed: nothing"],
        ),
        // It would run code of the plugin's where it names what a temporary table could be.
        (
            "",
            "alters app:logged",
            [
                "public.noted() of others",
                "ALTER FUNCTION public.noted() SET search_path = public, pg_temp;",
            ],
        ),
        (
            "CREATE TABLE visits (customer integer REFERENCES customers ON DELETE CASCADE); ALTER TABLE visits OWNER TO runner; \
             CREATE TRIGGER tidy BEFORE DELETE ON visits FOR EACH ROW EXECUTE FUNCTION tidy()",
            ALTERS,
            [
                "tidy() of others, which runs when rows of public.visits change",
                "ALTER FUNCTION public.tidy() SET search_path",
            ],
        ),
    ];
    for (before, ask, said) in table {
        let run = not_lent(&server, before, ask);
        let stderr = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in said {
            assert!(stderr.contains(said), "{said}: {run:#?}");
        }
    }
}

#[test]
fn rows_that_some_could_not_see_are_not_given() {
    let server = server(15, false);
    let (sandbox, url) = prepared(&server, "runner", false);
    let asks = ["alters app:guests"];
    pack(&sandbox, &asks, "ALTER TABLE guests ADD COLUMN x integer; UPDATE guests SET x = 1;", "");
    let run = deploy(&sandbox, &url, &asks);
    assert!(run.stderr.contains("permission denied for table guests"), "{run:#?}");
    pack(&sandbox, &asks, "ALTER TABLE guests ADD COLUMN x integer DEFAULT 1;", "");
    let run = deploy(&sandbox, &url, &asks);
    assert_eq!(run.code, Some(0), "{run:#?}");
}

#[test]
fn a_policy_that_was_permitted_goes_down_again() {
    let server = server(15, false);
    let (sandbox, url) = prepared(&server, "runner", false);
    assert_eq!(deploy(&sandbox, &url, &[]).code, Some(0));
    let was = rows(sandbox.server(), RIGHTS);
    let asks = [ALTERS, CODE];
    let up = "CREATE POLICY named ON customers USING (length(name) > 0); ALTER TABLE customers ENABLE ROW LEVEL SECURITY;";
    let down = "ALTER TABLE customers DISABLE ROW LEVEL SECURITY; DROP POLICY named ON customers;";
    pack(&sandbox, &asks, up, down);
    assert_eq!(deploy(&sandbox, &url, &asks).code, Some(0));
    assert_eq!(sandbox.server().rows("SELECT polname FROM pg_policy"), ["named"]);
    let down = ["rollback", "--plugin", "evil/x", "--steps", "1", "--yes", "--database", &url];
    let back = sandbox.runner(&down);
    assert_eq!(back.code, Some(0), "{back:#?}");
    assert_eq!(rows(sandbox.server(), RIGHTS), was);
}

#[test]
fn a_transaction_that_fails_or_is_ended_leaves_the_owner_as_before() {
    let server = server(15, false);
    let (sandbox, url) = prepared(&server, "runner", false);
    let database = sandbox.server();
    assert_eq!(deploy(&sandbox, &url, &[]).code, Some(0));
    let was = rows(database, RIGHTS);
    for end in ["SELECT 1 / 0;", "SELECT pg_terminate_backend(pg_backend_pid());"] {
        let up = format!("ALTER TABLE customers ADD COLUMN x integer; {end}");
        pack(&sandbox, &[ALTERS], &up, "");
        let run = deploy(&sandbox, &url, &[ALTERS]);
        assert_ne!(run.code, Some(0), "{run:#?}");
        assert_eq!(rows(database, RIGHTS), was, "{end}");
        assert!(database.rows(KEPT).is_empty(), "{end}");
    }
}

#[test]
fn code_that_others_could_run_with_their_rights_is_not_left() {
    let server = server(15, false);
    let (sandbox, url) = prepared(&server, "runner", false);
    let database = sandbox.server();
    let asks = [ALTERS, CODE];
    // Everybody may have the application rename all customers, as the application.
    database.admin_sql("GRANT EXECUTE ON FUNCTION rename_all() TO PUBLIC");
    pack(&sandbox, &asks, &format!("{TRIGGER} SELECT rename_all();"), "");
    let run = deploy(&sandbox, &url, &asks);
    assert!(run.stderr.contains("rename_all()"), "{run:#?}");
    assert_eq!(database.rows("SELECT value FROM vault"), ["s3cr3t-needle"]);
    database.admin_sql("REVOKE EXECUTE ON FUNCTION rename_all() FROM PUBLIC");
    pack(&sandbox, &asks, &TRIGGER.replace("UPDATE vault SET value = ''owned'';", ""), "");
    let run = deploy(&sandbox, &url, &asks);
    assert_eq!(run.code, Some(0), "{run:#?}");
    // A later hook asks for nothing, and makes the function its caller's again.
    database.admin_sql("GRANT EXECUTE ON FUNCTION rename_all() TO PUBLIC");
    sandbox.write("sources/evil/alteration.toml", "plugin = 'evil/x'\n");
    sandbox.write(
        "sources/evil/1.0.0-6-y.up.sql",
        "CREATE OR REPLACE FUNCTION left_there() RETURNS trigger LANGUAGE plpgsql AS \
            'BEGIN UPDATE vault SET value = ''owned''; RETURN new; END'; SELECT rename_all();",
    );
    fs::remove_file(sandbox.path().join(format!("sources/evil/{ID}.up.sql"))).expect("its source");
    sandbox.ok(&["pack", "sources/evil", "--out", "plugins/evil/x"]);
    let run = deploy(&sandbox, &url, &asks);
    assert!(run.stderr.contains("rename_all()"), "{run:#?}");
    assert_eq!(database.rows("SELECT value FROM vault"), ["s3cr3t-needle"]);
}
