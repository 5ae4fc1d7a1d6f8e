//! MySQL and MariaDB: a plugin that logs in as a user of its own.

use crate::{
    attack::{self, Attack},
    support::{
        Run, Sandbox,
        servers::{Client, Database, Instance, Mariadb, Mysql, is_full},
    },
};
use std::{
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

const ATTACKS: &str = include_str!("mysql.txt");
/// What no plugin may get hold of.
const NEEDLE: &str = "s3cr3t-needle";
const PASSWORD: &str = "s3cret";
const THREADS: usize = 2;

/// What the plugin made before, and what it may make later.
const MINE: &str = "CREATE TABLE mine (id int AUTO_INCREMENT PRIMARY KEY, value varchar(99));";
const CRM: &str = "CREATE TABLE crm_people (id int PRIMARY KEY, name varchar(99));
    INSERT INTO crm_people VALUES (1, 's3cr3t-needle');";

/// What the application has.
const THEIRS: &str = "
    CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, name varchar(99), secret varchar(99), INDEX users_name (name));
    INSERT INTO users (name, secret) VALUES ('ada', 's3cr3t-needle'), ('bob', 's3cr3t-needle');
    CREATE TABLE orders (id int PRIMARY KEY);
    INSERT INTO orders VALUES (1);
    CREATE TABLE order_items (order_id int, FOREIGN KEY (order_id) REFERENCES orders (id));
    CREATE TABLE audit (what varchar(99));
    CREATE VIEW user_names AS SELECT name FROM users;
    CREATE TRIGGER users_touch AFTER UPDATE ON users FOR EACH ROW INSERT INTO audit VALUES ('touched');
    CREATE PROCEDURE app_forget() DELETE FROM users;
    CREATE FUNCTION app_secret() RETURNS varchar(99) DETERMINISTIC RETURN 's3cr3t-needle';";

/// Everything that is not the plugin's, in its database and on the server.
const REST: &str = "
    SELECT CONCAT_WS('|', 'user', user, host, authentication_string, plugin) FROM mysql.user WHERE user NOT LIKE 'runner!_%' ESCAPE '!' ORDER BY 1;
    SELECT CONCAT_WS('|', 'right', grantee, privilege_type, is_grantable) FROM information_schema.user_privileges
        WHERE grantee NOT LIKE '''runner!_%' ESCAPE '!' OR privilege_type <> 'USAGE' ORDER BY 1;
    SELECT CONCAT_WS('|', 'database right', grantee, privilege_type, is_grantable) FROM information_schema.schema_privileges
        WHERE table_schema IN (DATABASE(), 'elsewhere') ORDER BY 1;
    SELECT CONCAT_WS('|', 'table right', table_name, privilege_type) FROM information_schema.table_privileges
        WHERE table_schema IN (DATABASE(), 'elsewhere') AND table_name IN ('users', 'orders', 'audit', 'user_names', 'secrets', 'settings')
        AND table_name NOT IN (SELECT name FROM alteration_object WHERE plugin = 'evil/x') ORDER BY 1;
    SELECT CONCAT_WS('|', 'crm right', privilege_type) FROM information_schema.table_privileges
        WHERE table_schema = DATABASE() AND table_name = 'crm_people' ORDER BY 1;
    SELECT CONCAT_WS('|', 'database', schema_name, default_character_set_name) FROM information_schema.schemata
        WHERE schema_name NOT LIKE 't%!_%' ESCAPE '!' OR schema_name = DATABASE() ORDER BY 1;
    SELECT CONCAT_WS('|', 'table', table_schema, table_name, table_type, engine) FROM information_schema.tables
        WHERE table_schema IN (DATABASE(), 'elsewhere') AND NOT (table_schema = DATABASE()
            AND table_name IN ('mine', 'loot', 'spare', 'settings')) ORDER BY 1;
    SELECT CONCAT_WS('|', 'column', table_name, column_name, column_type, column_key) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name IN ('users', 'orders', 'audit', 'user_names', 'crm_people') ORDER BY 1;
    SELECT CONCAT_WS('|', 'index', table_name, index_name) FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name IN ('users', 'orders', 'audit', 'crm_people') ORDER BY 1;
    SELECT CONCAT_WS('|', 'view', table_name, definer, security_type, SHA2(REPLACE(view_definition, DATABASE(), ''), 256)) FROM information_schema.views
        WHERE table_schema = DATABASE() AND table_name = 'user_names';
    SELECT CONCAT_WS('|', 'trigger', trigger_name, event_object_table, definer, action_statement) FROM information_schema.triggers
        WHERE trigger_schema = DATABASE() AND (event_object_table NOT IN ('mine', 'loot', 'spare', 'settings')
            OR definer NOT LIKE 'runner!_%' ESCAPE '!') ORDER BY 1;
    SELECT CONCAT_WS('|', 'routine', routine_name, routine_type, definer, security_type, SHA2(REPLACE(routine_definition, DATABASE(), ''), 256)) FROM information_schema.routines
        WHERE routine_schema IN (DATABASE(), 'elsewhere') ORDER BY 1;
    SELECT CONCAT_WS('|', 'event', event_name) FROM information_schema.events WHERE event_schema = DATABASE();
    SELECT CONCAT_WS('|', 'reference', table_name, referenced_table_name) FROM information_schema.referential_constraints
        WHERE constraint_schema = DATABASE() AND (table_name IN ('users', 'orders', 'crm_people')
            OR referenced_table_name IN ('users', 'orders', 'crm_people', 'secrets')) ORDER BY 1;
    SELECT CONCAT_WS('|', 'users', id, name, secret) FROM users ORDER BY 1;
    SELECT CONCAT_WS('|', 'orders', id) FROM orders;
    SELECT CONCAT_WS('|', 'items', order_id) FROM order_items;
    SELECT CONCAT_WS('|', 'audit', what) FROM audit ORDER BY 1;
    SELECT CONCAT_WS('|', 'people', id, name) FROM crm_people;
    SELECT CONCAT_WS('|', 'elsewhere', id, value) FROM elsewhere.secrets;
    SELECT CONCAT_WS('|', 'state', plugin, id, status, level) FROM alteration_state WHERE plugin <> 'evil/x' ORDER BY 1;
    SELECT CONCAT_WS('|', 'first', id, status, level) FROM alteration_state WHERE plugin = 'evil/x' AND id LIKE '1.0.0-1-%';
    SELECT CONCAT_WS('|', 'history', COUNT(*)) FROM alteration_history WHERE plugin <> 'evil/x';
    SELECT CONCAT_WS('|', 'object', plugin, kind, name) FROM alteration_object WHERE plugin <> 'evil/x' ORDER BY 1;
    SELECT CONCAT_WS('|', 'evil has', name) FROM alteration_object WHERE plugin = 'evil/x'
        AND name IN ('users', 'orders', 'audit', 'user_names', 'crm_people');
    SELECT CONCAT_WS('|', 'ledger', COUNT(*), MIN(schema_version)) FROM alteration_ledger;
    SELECT CONCAT_WS('|', 'variable', @@GLOBAL.max_connections, @@GLOBAL.general_log, @@GLOBAL.read_only, @@GLOBAL.event_scheduler);";

/// Users of plugins with a right that reaches further than a table of their database or the runner's procedure.
const FURTHER: &str = "
    SELECT CONCAT_WS('|', grantee, privilege_type) FROM information_schema.user_privileges
        WHERE grantee LIKE '''runner!_%' ESCAPE '!' AND privilege_type <> 'USAGE';
    SELECT CONCAT_WS('|', grantee, privilege_type) FROM information_schema.schema_privileges
        WHERE grantee LIKE '''runner!_%' ESCAPE '!';";

/// The sessions of plugins that are still there.
const SESSIONS: &str = "SELECT user FROM information_schema.processlist p JOIN alteration_role r ON r.role = CONVERT(p.user USING utf8mb4) COLLATE utf8mb4_bin";

/// A server that is attacked.
enum Server {
    Mariadb(Mariadb),
    Mysql(Mysql),
}

impl Server {
    /// Ends with it.
    fn all() -> Vec<Self> {
        let mysql = || Self::Mysql(Mysql::own());
        let mariadb = Self::Mariadb(Mariadb::own());
        std::iter::once(mariadb).chain((!Mysql::is_left_out()).then(mysql)).collect()
    }

    fn instance(&self) -> &Instance {
        match self {
            Self::Mariadb(server) => server,
            Self::Mysql(server) => server,
        }
    }
}

/// Makes the accounts and the other application.
fn prepare(server: &Server) {
    server.instance().database().admin_sql(&format!(
        "CREATE USER operator@'%' IDENTIFIED BY '{PASSWORD}'; GRANT CREATE USER ON *.* TO operator@'%';
         CREATE USER super@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO super@'%' WITH GRANT OPTION;
         CREATE USER app@'%' IDENTIFIED BY '{PASSWORD}';
         CREATE DATABASE elsewhere; CREATE TABLE elsewhere.secrets (id int PRIMARY KEY, value varchar(99));
         INSERT INTO elsewhere.secrets VALUES (1, '{NEEDLE}');"
    ));
}

/// A sandbox in which the application has what it has, and the URL of `user`.
fn ground(server: &Server, user: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::on(server.instance().database());
    let database = sandbox.server();
    let name = database.name();
    database.admin_sql(&format!(
        "GRANT ALL ON {name}.* TO operator@'%' WITH GRANT OPTION; GRANT ALL ON {name}.* TO app@'%'; {THEIRS}"
    ));
    sandbox.sql_plugin("acme/crm", &[("1.0.0-1-people", CRM, "DROP TABLE crm_people;")]);
    sandbox.sql_plugin("evil/x", &[("1.0.0-1-a", MINE, "DROP TABLE mine;")]);
    let url = sandbox.url().replace("//runner:", &format!("//{user}:"));
    (sandbox, url)
}

fn deploy(sandbox: &Sandbox, url: &str, more: &[&str]) -> Run {
    let args =
        ["deploy", "plugins", "--yes", "--confine", "*", "--timeout", "60s", "--database", url];
    sandbox.runner(&[&args, more].concat())
}

fn rest(database: &Database) -> Vec<String> {
    asked(database, REST)
}

fn asked(database: &Database, queries: &str) -> Vec<String> {
    queries
        .split_inclusive(';')
        .filter(|sql| !sql.trim().is_empty())
        .flat_map(|sql| database.rows(sql))
        .collect()
}

/// As a user who logs in; whether it succeeds is the attack's business.
fn run_as(server: &Server, database: &str, user: &str, sql: &str) {
    let Client::Mysql { socket } = server.instance().client() else { panic!("not PostgreSQL") };
    let mut client = Command::new("mariadb");
    client.args([&format!("--socket={}", socket.display()), "--user", user, database, "-e", sql]);
    if user != "root" {
        client.arg(format!("--password={PASSWORD}"));
    }
    client.output().expect("the client starts");
}

/// Tries one attack; whether it came to a deploy, or what it reached.
fn reached(server: &Server, user: &str, attack: &Attack) -> Result<bool, String> {
    let (sandbox, url) = ground(server, user);
    let database = sandbox.server();
    let before = deploy(&sandbox, &url, &[]);
    if before.code != Some(0) {
        return Err(format!("an honest plugin failed: {before:#?}"));
    }
    let was = rest(database);
    sandbox.write("sources/attack/1.0.0-2-b.up.sql", &attack.up);
    let pack = ["pack", "sources/attack", "--plugin", "evil/x", "--out", "plugins/evil/x"];
    if sandbox.runner(&pack).code != Some(0) {
        // No component comes of it.
        return Ok(false);
    }
    let run = deploy(&sandbox, &url, &[]);
    if run.code != Some(0) && !run.stderr.contains("evil/x") {
        return Err(format!("it failed for another reason: {run:#?}"));
    }
    let now = rest(database);
    if was != now {
        return Err(format!("changed: {:#?}\n{run:#?}", difference(&was, &now)));
    }
    later(server, user, attack, database).map_err(|why| format!("{why}\n{run:#?}"))?;
    let further = asked(database, FURTHER);
    if !further.is_empty() {
        return Err(format!("its user has {further:?}"));
    }
    let sessions = database.rows(SESSIONS);
    if !sessions.is_empty() {
        return Err(format!("sessions are left: {sessions:?}"));
    }
    for table in ["mine", "loot", "spare"] {
        let kept = dump(database, table);
        if kept.contains(NEEDLE) || kept.contains("root:x:") {
            return Err(format!("{table} holds what is not the plugin's: {kept}\n{run:#?}"));
        }
    }
    // What is refused by its text says nothing of the database.
    Ok(!run.stderr.contains("cannot run here"))
}

/// Compares what the application does on a database that was attacked with what it does on another one.
fn later(server: &Server, user: &str, attack: &Attack, attacked: &Database) -> Result<(), String> {
    if attack.then.is_empty() {
        return Ok(());
    }
    let (honest, url) = ground(server, user);
    let ready = deploy(&honest, &url, &[]);
    assert_eq!(ready.code, Some(0), "{ready:#?}");
    let after = |database: &Database| {
        for (user, sql) in &attack.then {
            run_as(server, database.name(), user, sql);
        }
        let rows = rest(database).into_iter();
        rows.map(|row| row.replace(database.name(), "DATABASE")).collect::<Vec<_>>()
    };
    let (expected, found) = (after(honest.server()), after(attacked));
    match expected == found {
        true => Ok(()),
        false => Err(format!("changed later: {:#?}", difference(&expected, &found))),
    }
}

/// All values of a table, as the plugin's own user would read them; empty where it is not there.
fn dump(database: &Database, table: &str) -> String {
    let columns = database.rows(&format!(
        "SELECT CONCAT('COALESCE(CAST(`', column_name, '` AS CHAR), '''')') FROM information_schema.columns
         WHERE table_schema = DATABASE() AND table_name = '{table}'
         AND table_name NOT IN (SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE())"
    ));
    match columns.is_empty() {
        true => String::new(),
        false => {
            let columns = columns.join(", ");
            database
                .rows(&format!("SELECT CONCAT_WS('|', {columns}) FROM {table} LIMIT 100"))
                .concat()
        }
    }
}

fn difference(was: &[String], is: &[String]) -> Vec<String> {
    let gone = was.iter().filter(|row| !is.contains(row)).map(|row| format!("- {row}"));
    gone.chain(is.iter().filter(|row| !was.contains(row)).map(|row| format!("+ {row}"))).collect()
}

fn try_all(server: &Server, user: &str, attacks: &[Attack]) {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let deployed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(attack) = attacks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match reached(server, user, attack) {
                        Ok(is_deployed) => {
                            deployed.fetch_add(usize::from(is_deployed), Ordering::Relaxed);
                        }
                        Err(why) => {
                            let mut failures =
                                failures.lock().unwrap_or_else(PoisonError::into_inner);
                            failures.push(format!("{}: {why}", attack.name));
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (reached, of) = (failures.len(), attacks.len());
    assert!(failures.is_empty(), "{reached} of {of} reached something:\n{}", failures.join("\n\n"));
    let deployed = deployed.into_inner();
    assert!(deployed * 2 > of, "only {deployed} of {of} came to the database");
}

/// With the URL of the database's owner; all of them with an administrator's, too.
fn attacked(server: &Server, offset: usize) {
    prepare(server);
    let attacks = attack::read(ATTACKS);
    assert!(attacks.len() >= 100, "only {} attacks", attacks.len());
    if is_full() {
        try_all(server, "operator", &attacks);
        try_all(server, "super", &attacks);
    } else {
        let attacks: Vec<Attack> = attack::chosen(attacks, offset).into_iter().step_by(2).collect();
        try_all(server, "operator", &attacks);
    }
}

#[test]
fn on_mariadb() {
    attacked(&Server::Mariadb(Mariadb::own()), 0);
}

#[test]
fn on_mysql() {
    if !Mysql::is_left_out() {
        attacked(&Server::Mysql(Mysql::own()), 1);
    }
}

/// What a plugin may do with its own, in one alteration after the other.
const HONEST: [&str; 5] = [
    "CREATE TABLE shop_customers (id int AUTO_INCREMENT PRIMARY KEY, name varchar(99) NOT NULL);
     CREATE TABLE shop_items (id int AUTO_INCREMENT PRIMARY KEY, customer_id int, price decimal(10, 2),
        FOREIGN KEY (customer_id) REFERENCES shop_customers (id) ON DELETE CASCADE);
     INSERT INTO shop_customers (name) VALUES ('ada'), ('bob');
     INSERT INTO shop_items (customer_id, price) SELECT id, 2.50 FROM shop_customers;
     CREATE INDEX shop_price ON shop_items (price);
     CREATE VIEW shop_totals AS SELECT c.name, SUM(i.price) AS total FROM shop_items i JOIN shop_customers c ON c.id = i.customer_id GROUP BY c.name;",
    "ALTER TABLE shop_items ADD COLUMN note text, ADD UNIQUE (customer_id, price);
     UPDATE shop_items SET note = 'x' WHERE id = 1;
     CREATE TABLE shop_log (what varchar(99));
     CREATE TRIGGER shop_items_in AFTER INSERT ON shop_items FOR EACH ROW INSERT INTO shop_log (what) VALUES (NEW.note);
     INSERT INTO shop_items (customer_id, price, note) VALUES (1, 7, 'logged');",
    // Rebuilt in the usual way.
    "CREATE TABLE shop_log_new (what varchar(99), at int DEFAULT 1);
     INSERT INTO shop_log_new (what) SELECT what FROM shop_log;
     DROP TABLE shop_log;
     RENAME TABLE shop_log_new TO shop_log;
     CREATE OR REPLACE VIEW shop_totals AS SELECT COUNT(*) AS total FROM shop_items;
     SET @x = 1;
     INSERT INTO shop_log (what) SELECT @x;",
    "TRUNCATE TABLE shop_log;
     DELETE FROM shop_customers WHERE name = 'bob';
     DROP VIEW shop_totals;
     CREATE TABLE shop_totals (x int);
     DROP TABLE shop_totals;
     CREATE VIEW shop_totals AS SELECT name FROM shop_customers;",
    "SELECT 1;",
];

/// What says that the account of evil/x can be used.
fn can_log_in(server: &Server) -> &'static str {
    match server {
        Server::Mariadb(_) => {
            "SELECT user FROM mysql.global_priv WHERE user LIKE 'runner!_evil%' ESCAPE '!'
             AND COALESCE(JSON_VALUE(priv, '$.account_locked'), 'false') NOT IN ('true', '1')"
        }
        Server::Mysql(_) => {
            "SELECT user FROM mysql.user WHERE user LIKE 'runner!_evil%' ESCAPE '!' AND account_locked <> 'Y'"
        }
    }
}

#[test]
fn honest_work() {
    for server in Server::all() {
        prepare(&server);
        let (sandbox, url) = ground(&server, "operator");
        let database = sandbox.server();
        for (at, up) in HONEST.iter().enumerate() {
            sandbox.write(&format!("sources/attack/1.0.0-{}-b.up.sql", at + 2), up);
            sandbox.write(&format!("sources/attack/1.0.0-{}-b.down.sql", at + 2), "SELECT 1;");
        }
        let down = "CREATE TABLE shop_again (x int); INSERT INTO shop_again SELECT COUNT(*) FROM shop_items;";
        sandbox.write("sources/attack/1.0.0-6-b.down.sql", down);
        sandbox.write(
            "sources/attack/alteration.toml",
            "plugin = 'evil/x'\n[permissions]\nreads = ['acme/crm:crm_people']\nreferences = ['app:users']\n",
        );
        sandbox.write(
            "sources/attack/1.0.0-7-c.up.sql",
            "CREATE TABLE shop_people AS SELECT id, name FROM crm_people;
             CREATE TABLE shop_users (user_id int, FOREIGN KEY (user_id) REFERENCES users (id));
             INSERT INTO shop_users VALUES (2);",
        );
        sandbox.write(
            "sources/attack/1.0.0-7-c.down.sql",
            "DROP TABLE shop_people; DROP TABLE shop_users;",
        );
        sandbox.ok(&["pack", "sources/attack", "--out", "plugins/evil/x"]);
        let grants =
            ["--grant=evil/x:reads acme/crm:crm_people", "--grant=evil/x:references app:users"];
        let run = deploy(&sandbox, &url, &grants);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stderr.contains("confined"), "{run:#?}");
        let levels = "SELECT DISTINCT level FROM alteration_state";
        assert_eq!(database.rows(levels), ["confined"]);
        let made = "SELECT CONCAT(kind, ' ', name) FROM alteration_object WHERE plugin = 'evil/x' ORDER BY name";
        assert_eq!(
            database.rows(made),
            [
                "table mine",
                "table shop_customers",
                "table shop_items",
                "table shop_log",
                "table shop_people",
                "view shop_totals",
                "table shop_users"
            ]
        );
        let kept = "SELECT DISTINCT table_name FROM information_schema.table_privileges
            WHERE table_schema = DATABASE() AND grantee LIKE '''runner!_evil%' ESCAPE '!' ORDER BY 1";
        assert_eq!(
            database.rows(kept),
            [
                "mine",
                "shop_customers",
                "shop_items",
                "shop_log",
                "shop_people",
                "shop_totals",
                "shop_users"
            ]
        );
        assert_eq!(database.rows(can_log_in(&server)), Vec::<String>::new());
        // The application works with what the plugin made: its view, and a trigger that writes with the plugin's rights.
        run_as(
            &server,
            database.name(),
            "app",
            "INSERT INTO shop_items (customer_id, note) SELECT 1, name FROM shop_totals",
        );
        assert_eq!(database.rows("SELECT what FROM shop_log"), ["ada"]);
        let back = sandbox.runner(&[
            "rollback",
            "--plugin",
            "evil/x",
            "--steps",
            "2",
            "--yes",
            "--database",
            &url,
        ]);
        assert_eq!(back.code, Some(0), "{back:#?}");
        assert_eq!(database.rows("SELECT x FROM shop_again"), ["3"]);
        let made = database.rows(made);
        assert!(made.contains(&"table shop_again".to_owned()), "{made:?}");
        assert!(!made.contains(&"table shop_people".to_owned()), "{made:?}");
    }
}

#[test]
fn what_stands_in_the_way_is_said_before_anything_runs() {
    for server in Server::all() {
        prepare(&server);
        let (sandbox, url) = ground(&server, "operator");
        let database = sandbox.server();
        // The URL's user may not make users.
        let refused = deploy(&sandbox, &sandbox.url(), &[]);
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        for said in ["cannot be confined", "may not make users", "GRANT CREATE USER", "--guard"] {
            assert!(refused.stderr.contains(said), "{said}: {refused:#?}");
        }
        let setup = sandbox.runner(&["setup", "--print"]);
        assert_eq!(setup.code, Some(4), "{setup:#?}");
        assert!(setup.stdout.contains("WITH GRANT OPTION"), "{setup:#?}");
        assert_eq!(sandbox.runner(&["setup", "--print", "--database", &url]).code, Some(0));
        // A table of the application's.
        database.admin_sql("CREATE TABLE mine (x int)");
        let taken = deploy(&sandbox, &url, &[]);
        assert!(
            taken.code != Some(0) && taken.stderr.contains("it was there before"),
            "{taken:#?}"
        );
        assert_eq!(database.rows("SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'mine'"), ["x"]);
        database.admin_sql("DROP TABLE mine");
        let again = deploy(&sandbox, &url, &[]);
        assert_eq!(again.code, Some(0), "{again:#?}");
    }
}
