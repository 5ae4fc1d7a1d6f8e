//! Servers whose settings are in the way: a deploy, its record and a rollback are the same on all.

use crate::support::{
    Sandbox,
    servers::{Client, Database, Mariadb, Mysql, Role},
};

/// Settings of the whole server, each with what puts it back.
const SETTINGS: [(&str, &str); 24] = [
    ("sql_select_limit = 1", "sql_select_limit = DEFAULT"),
    ("sql_safe_updates = 1", "sql_safe_updates = 0"),
    (
        "sql_big_selects = 0, GLOBAL max_join_size = 1",
        "sql_big_selects = 1, GLOBAL max_join_size = DEFAULT",
    ),
    ("completion_type = 'RELEASE'", "completion_type = 0"),
    ("completion_type = 'CHAIN'", "completion_type = 0"),
    ("binlog_format = STATEMENT", "binlog_format = ROW"),
    ("autocommit = 0", "autocommit = 1"),
    (
        "init_connect = 'SET sql_select_limit = 1, autocommit = 0, sql_mode = ''ANSI'', time_zone = ''+03:00'''",
        "init_connect = ''",
    ),
    ("sql_auto_is_null = 1", "sql_auto_is_null = 0"),
    ("group_concat_max_len = 4", "group_concat_max_len = DEFAULT"),
    ("div_precision_increment = 0", "div_precision_increment = 4"),
    (
        "lc_time_names = de_DE, GLOBAL lc_messages = de_DE",
        "lc_time_names = en_US, GLOBAL lc_messages = en_US",
    ),
    ("collation_connection = utf8mb4_bin", "collation_connection = utf8mb4_general_ci"),
    (
        "character_set_client = latin1, GLOBAL character_set_results = latin1",
        "character_set_client = utf8mb4, GLOBAL character_set_results = utf8mb4",
    ),
    (
        "net_read_timeout = 1, GLOBAL net_write_timeout = 1",
        "net_read_timeout = 30, GLOBAL net_write_timeout = 60",
    ),
    ("wait_timeout = 1", "wait_timeout = 28800"),
    (
        "foreign_key_checks = 0, GLOBAL unique_checks = 0",
        "foreign_key_checks = 1, GLOBAL unique_checks = 1",
    ),
    ("transaction_isolation = SERIALIZABLE", "transaction_isolation = DEFAULT"),
    ("default_storage_engine = MyISAM", "default_storage_engine = InnoDB"),
    ("innodb_default_row_format = COMPACT", "innodb_default_row_format = DYNAMIC"),
    ("max_sort_length = 64", "max_sort_length = 1024"),
    ("time_zone = '-11:00'", "time_zone = SYSTEM"),
    (
        "sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE,NO_UNSIGNED_SUBTRACTION,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_AUTO_VALUE_ON_ZERO'",
        "sql_mode = DEFAULT",
    ),
    ("sql_mode = ''", "sql_mode = DEFAULT"),
];

/// What MariaDB alone has.
const OF_MARIADB: [(&str, &str); 6] = [
    ("max_statement_time = 0.01", "max_statement_time = 0"),
    ("idle_transaction_timeout = 1", "idle_transaction_timeout = 0"),
    ("tx_read_only = 1", "tx_read_only = 0"),
    (
        "sql_mode = 'EMPTY_STRING_IS_NULL,SIMULTANEOUS_ASSIGNMENT,TIME_ROUND_FRACTIONAL'",
        "sql_mode = DEFAULT",
    ),
    ("innodb_force_primary_key = 1", "innodb_force_primary_key = 0"),
    ("system_versioning_alter_history = KEEP", "system_versioning_alter_history = ERROR"),
];

fn each_setting(client: &Client, database: &dyn Fn() -> Database, settings: &[(&str, &str)]) {
    let set = |what: &str| {
        let done = client.try_sql(Role::Administrator, "mysql", &format!("SET GLOBAL {what};"));
        done.unwrap_or_else(|error| panic!("{what}: {error:#}"));
    };
    for (setting, back) in settings {
        let sandbox = Sandbox::on(database());
        set(setting);
        lifecycle(&sandbox, setting);
        // Whoever asks has the server's settings, too.
        set(back);
        assert_eq!(sandbox.state(), IDS.map(|id| format!("acme/app {id} applied")), "{setting}");
        let rows = sandbox.rows("SELECT HEX(a) FROM t ORDER BY id");
        assert_eq!(rows, ["C3A9", "78", "63"], "{setting}");
    }
}

const IDS: [&str; 2] = ["1.0.0-1718000000-first", "1.1.0-1718000001-second"];

fn lifecycle(sandbox: &Sandbox, setting: &str) {
    let ok = |args: &[&str]| {
        let run = sandbox.runner(args);
        assert_eq!(run.code, Some(0), "with {setting}, runner {args:?}: {run:?}");
        run
    };
    let first = "CREATE TABLE t (id int PRIMARY KEY, a varchar(20));
        INSERT INTO t VALUES (1, 'é'), (2, 'b'), (3, 'c')";
    let second = "SET SQL_SAFE_UPDATES = 0; UPDATE t SET a = 'x' WHERE a = 'b';
        SET SQL_SAFE_UPDATES = 1";
    let back = "UPDATE t SET a = 'b' WHERE id = 2";
    sandbox.sql_plugin("acme/app", &[(IDS[0], first, "DROP TABLE t"), (IDS[1], second, back)]);
    ok(&["deploy", "plugins", "--yes"]);
    ok(&["check", "plugins"]);
    let status = ok(&["status", "plugins"]);
    for id in IDS {
        let mut lines = status.stdout.lines();
        let applied = lines.any(|line| line.contains(id) && line.contains("applied"));
        assert!(applied, "with {setting}: {}", status.stdout);
    }
    ok(&["rollback", "--plugin", "acme/app", "--to", "none", "--yes"]);
    ok(&["deploy", "plugins", "--yes"]);
}

#[test]
fn mariadb_with_settings_in_the_way() {
    let server = Mariadb::with_options(&["--log-bin", "--server-id=1", "--binlog-format=ROW"]);
    let settings: Vec<_> = SETTINGS
        .into_iter()
        .filter(|(setting, _)| !setting.starts_with("transaction_isolation"))
        .chain([("tx_isolation = SERIALIZABLE", "tx_isolation = DEFAULT")])
        .chain(OF_MARIADB)
        .collect();
    each_setting(server.client(), &|| server.database(), &settings);
}

/// What MySQL alone has.
const OF_MYSQL: [(&str, &str); 7] = [
    ("max_execution_time = 1", "max_execution_time = 0"),
    ("transaction_read_only = 1", "transaction_read_only = 0"),
    ("sql_require_primary_key = 1", "sql_require_primary_key = 0"),
    ("sql_generate_invisible_primary_key = 1", "sql_generate_invisible_primary_key = 0"),
    (
        "default_collation_for_utf8mb4 = utf8mb4_general_ci",
        "default_collation_for_utf8mb4 = utf8mb4_0900_ai_ci",
    ),
    ("information_schema_stats_expiry = 0", "information_schema_stats_expiry = 86400"),
    ("show_create_table_verbosity = 1", "show_create_table_verbosity = 0"),
];

#[test]
fn mysql_with_settings_in_the_way() {
    if Mysql::is_left_out() {
        return;
    }
    let server = Mysql::own();
    // Where MySQL keeps track of transactions by GTIDs, it refuses to change tables of an engine without
    // rollback in one.
    let settings: Vec<_> = SETTINGS
        .into_iter()
        .filter(|(setting, _)| !setting.starts_with("default_storage_engine"))
        .chain(OF_MYSQL)
        .collect();
    each_setting(server.client(), &|| server.database(), &settings);
}

/// A server that makes every table with another engine cannot hold what has to be rolled back.
#[test]
fn another_engine_than_innodb_is_refused() {
    let server = Mariadb::with_options(&["--enforce-storage-engine=MyISAM", "--sql-mode="]);
    let sandbox = Sandbox::on(server.database());
    sandbox.sql_plugin("acme/app", &[("1.0.0-1718000000-first", "SELECT 1", "SELECT 1")]);
    let refused = sandbox.runner(&["deploy", "plugins", "--yes"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    for part in ["MyISAM", "InnoDB", "enforce_storage_engine"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
}

/// Read in another language than the runner judges, a text could do anything.
#[test]
fn oracle_mode_is_refused_before_anything_runs() {
    let server = Mariadb::with_options(&["--sql-mode=ORACLE"]);
    let sandbox = Sandbox::on(server.database());
    sandbox.sql_plugin("acme/app", &[("1.0.0-1718000000-first", "SELECT 1", "SELECT 1")]);
    let refused = sandbox.runner(&["deploy", "plugins", "--yes"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("sql_mode") && refused.stderr.contains("ORACLE"));
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()";
    assert_eq!(sandbox.rows(tables), ["0"]);
}
