//! What connecting says when it cannot.

use super::*;
use crate::backend::BackendError;
use servers::PASSWORD;

async fn error(text: &str, options: &ConnectOptions) -> BackendError {
    let error = MysqlConnector::new(&url(text), options).open().await.expect_err(text);
    assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error:?}");
    error
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let server = Mariadb::shared();
    let database = server.database();
    let options = options(Access::Write);
    let wrong = database.url().replace(PASSWORD, "wrong");
    assert!(matches!(error(&wrong, &options).await, BackendError::Unauthorized { .. }));
    let nobody = format!("{}/mysql", server.server_url());
    assert!(matches!(error(&nobody, &options).await, BackendError::Unauthorized { .. }));
    // Only who may see every database is told that one is not there.
    database.admin_sql(
        "CREATE USER all_rights@'%' IDENTIFIED BY 's3cret'; GRANT ALL ON *.* TO all_rights@'%'",
    );
    let unknown = format!("mysql://all_rights:{PASSWORD}@127.0.0.1:{}/nowhere", server.port());
    assert!(matches!(error(&unknown, &options).await, BackendError::UnknownDatabase { .. }));
    database.admin_sql("DROP USER all_rights@'%'");
    let tls = format!("{}?ssl-mode=REQUIRED", database.url());
    assert!(matches!(error(&tls, &options).await, BackendError::Tls { .. }));
    let away = "mysql://runner:s3cret@127.0.0.1:1/app";
    assert!(matches!(error(away, &options).await, BackendError::Unreachable { .. }));
}

#[tokio::test]
async fn a_server_of_another_kind_is_named() {
    let port = servers::Postgres::shared().port();
    let found = error(&format!("mysql://u:x@127.0.0.1:{port}/d"), &options(Access::Write)).await;
    assert!(matches!(found, BackendError::WrongProtocol { .. }), "{found}");
}

#[tokio::test]
async fn through_a_socket() {
    let server = Mariadb::shared();
    let database = server.database();
    let servers::Client::Mysql { socket } = server.client() else { panic!("MariaDB's") };
    let (login, name) = (format!("{}:{PASSWORD}", servers::USER), database.name());
    let encoded = socket.display().to_string().replace('/', "%2F");
    for url in [
        format!("mysql://{login}@{encoded}/{name}"),
        format!("mariadb://{login}@localhost/{name}?unix_socket={}", socket.display()),
        format!("mysql:///{name}?socket={encoded}&user={}&password={PASSWORD}", servers::USER),
    ] {
        let connector = MysqlConnector::new(&super::url(&url), &options(Access::Write));
        connector.open().await.expect(&url);
    }
    let found = error("mysql://u:x@%2Fnowhere.sock/d", &options(Access::Write)).await;
    assert!(found.to_string().contains("(/nowhere.sock)"), "{found}");
}

/// A way to log in that the driver does not know is no fault of the URL.
#[tokio::test]
async fn a_way_to_log_in_that_is_not_known() {
    let server = Mariadb::with_options(&["--plugin-load-add=auth_ed25519"]);
    let database = server.database();
    database.admin_sql("CREATE USER signs@'%' IDENTIFIED VIA ed25519 USING PASSWORD('s3cret')");
    let url = format!("mysql://signs:{PASSWORD}@127.0.0.1:{}/{}", server.port(), database.name());
    let found = error(&url, &options(Access::Write)).await;
    assert!(matches!(found, BackendError::LoginMethod { .. }), "{found}");
    assert!(found.to_string().contains("`client_ed25519`"), "{found}");
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let server = Mariadb::own();
    let database = server.database();
    server.stop_immediate();
    let patient = ConnectOptions { wait: Duration::from_secs(120), ..options(Access::Write) };
    let connector = MysqlConnector::new(&url(database.url()), &patient);
    let connecting = tokio::spawn(async move { connector.open().await });
    // Whether an attempt was made by now or not: one of the later ones gets through.
    tokio::task::yield_now().await;
    server.restart();
    connecting.await.expect("no panic").expect("connects");
}

#[tokio::test]
async fn a_read_only_server_can_only_be_read() {
    let server = Mariadb::with_options(&["--read-only=1"]);
    let database = server.database();
    let refused = error(database.url(), &options(Access::Write)).await;
    assert!(matches!(refused, BackendError::ReadOnly { .. }), "{refused}");
    let reading = MysqlConnector::new(&url(database.url()), &options(Access::Read));
    let mut reading = reading.open().await.expect("reads");
    assert!(reading.own_tables().await.expect("asks").is_empty());
}

#[tokio::test]
async fn who_only_looks_cannot_write() {
    let database = Mariadb::shared().database();
    database.sql("CREATE TABLE t (a int)");
    let reading = MysqlConnector::new(&url(database.url()), &options(Access::Read));
    let mut reading = reading.open().await.expect("reads");
    let written = reading.run_sql("INSERT INTO t VALUES (1)", &[]).await;
    assert!(matches!(written, Err(BackendError::ReadOnly { .. })), "{written:?}");
    reading.begin().await.expect("begins");
    assert!(reading.is_in_transaction().await.expect("asks"));
    assert!(reading.run_sql("INSERT INTO t VALUES (1)", &[]).await.is_err());
    reading.rollback().await.expect("rolls back");
}

#[tokio::test]
async fn a_database_is_told_from_another() {
    let (one, other) = (Mariadb::shared().database(), Mariadb::shared().database());
    let identity = async |database| open(database).await.identity().await.expect("says who it is");
    assert_eq!(identity(&one).await, identity(&one).await);
    assert_ne!(identity(&one).await, identity(&other).await);
}

/// The server's defaults do not matter.
#[tokio::test]
async fn odd_defaults_are_left_to_hooks() {
    let server = Mariadb::with_options(&[
        "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT",
        "--character-set-server=latin1",
        "--default-time-zone=+05:00",
        "--transaction-isolation=SERIALIZABLE",
        "--default-storage-engine=MyISAM",
        "--autocommit=0",
    ]);
    let database = server.database();
    let mut connection = open(&database).await;
    connection.enter(settings(HookMode::Journaled)).await.expect("enters");
    let found = rows(
        &mut connection,
        r#"SELECT 'a\b' || "c", @@time_zone, @@tx_isolation, @@autocommit, @@default_storage_engine, 'é'
            FROM (SELECT 1 AS "c") AS t"#,
    )
    .await;
    let expected = [
        text("a\\b1"),
        text("+05:00"),
        text("READ-COMMITTED"),
        Value::Int64(1),
        text("MyISAM"),
        text("é"),
    ];
    assert_eq!(found, [expected]);
}

/// One node is enough to see what kind of server it is.
#[tokio::test]
async fn a_cluster_needs_a_lease() {
    let provider = "/usr/lib/galera/libgalera_smm.so";
    assert!(std::path::Path::new(provider).exists(), "apt-get install galera-4, or tests/run");
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("it listens").port();
    drop(listener);
    let cluster = Mariadb::with_options(&[
        "--wsrep-on=ON",
        &format!("--wsrep-provider={provider}"),
        "--wsrep-cluster-address=gcomm://",
        "--wsrep-new-cluster",
        "--wsrep-node-address=127.0.0.1",
        &format!(
            "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{port};gcache.size=16M"
        ),
        "--binlog-format=ROW",
        "--innodb-autoinc-lock-mode=2",
    ]);
    let database = cluster.database();
    let mut connection = open(&database).await;
    assert!(connection.needs_lease().await.expect("asks"));
    connection.enter(settings(HookMode::Journaled)).await.expect("enters");
    let waits = rows(&mut connection, "SELECT @@wsrep_sync_wait").await;
    assert_eq!(waits, [[Value::Int64(1)]]);
    execute(&mut connection, "CREATE TABLE t (a int PRIMARY KEY)").await;
    connection.begin().await.expect("begins");
    execute(&mut connection, "INSERT INTO t VALUES (1)").await;
    connection.commit().await.expect("commits");
    assert_eq!(database.rows("SELECT a FROM t"), ["1"]);
    let alone = Mariadb::shared().database();
    assert!(!open(&alone).await.needs_lease().await.expect("asks"));
}
