//! What is said of a database that cannot be worked with.

use super::{
    servers::{PASSWORD, USER},
    *,
};

async fn error(url: &str, access: Access) -> BackendError {
    let error = connect_with(url, &options(access)).await.expect_err(url);
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(PASSWORD) && !shown.contains("sekret"), "{shown}");
    error
}

#[tokio::test]
async fn why_there_is_no_connection() {
    let database = Postgres::shared().database();
    let url = database.url();
    let wrong = url.replace(PASSWORD, "sekret");
    let found = error(&wrong, Access::Create).await;
    assert!(matches!(found, BackendError::Unauthorized { .. }), "{found}");
    let nobody = url.replace(USER, "nobody");
    let found = error(&nobody, Access::Create).await;
    assert!(matches!(found, BackendError::Unauthorized { .. }), "{found}");
    assert!(!found.to_string().contains("nobody"), "{found}");
    let found = error(&format!("{url}x"), Access::Create).await;
    assert!(matches!(found, BackendError::UnknownDatabase { .. }), "{found}");
    let found = error(&format!("{url}?sslmode=require"), Access::Create).await;
    assert!(matches!(found, BackendError::Tls { .. }), "{found}");
    let found = error(&format!("{url}?sslmode=sekret"), Access::Create).await;
    assert!(matches!(found, BackendError::Url(_)), "{found}");
    let found = error("postgres://u:sekret@127.0.0.1:1/d", Access::Create).await;
    assert!(matches!(found, BackendError::Unreachable { .. }), "{found}");
}

/// With the certificate that Debian makes for every machine, which nobody trusts.
#[tokio::test]
async fn a_certificate_that_is_not_trusted() {
    let server = Postgres::with_settings(&[
        ("ssl", "on"),
        ("ssl_cert_file", "/etc/ssl/certs/ssl-cert-snakeoil.pem"),
        ("ssl_key_file", "/etc/ssl/private/ssl-cert-snakeoil.key"),
        ("fsync", "off"),
    ]);
    let database = server.database();
    let url = |mode: &str| format!("{}?sslmode={mode}", database.url());
    let found = error(&url("verify-full"), Access::Create).await;
    assert!(matches!(found, BackendError::Tls { .. }), "{found}");
    let mut connection = connect(&url("require")).await;
    enter(&mut connection).await;
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(rows(&mut connection, sql).await, [[Value::Boolean(true)]]);
}

#[tokio::test]
async fn passwords_are_not_shown() {
    let url = "postgres://u:sekret@h/d?password=sekret".parse().expect("a URL");
    let connector = PostgresConnector::new(&url, &options(Access::Create)).expect("a connector");
    assert!(!format!("{connector:?}").contains("sekret"));
}

#[tokio::test]
async fn a_read_only_database_is_for_reading() {
    let database = Postgres::shared().database();
    let name = database.name();
    database.admin_sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let found = error(database.url(), Access::Create).await;
    assert!(matches!(found, BackendError::ReadOnly { .. }), "{found}");
    connect_with(database.url(), &options(Access::Read)).await.expect("reads");
}

#[tokio::test]
async fn without_a_schema_there_is_no_place() {
    let database = Postgres::shared().database();
    let name = database.name();
    database.admin_sql(&format!("ALTER DATABASE {name} SET search_path = nowhere"));
    let found = error(database.url(), Access::Create).await;
    assert!(found.to_string().contains("search_path"), "{found}");
    let mut wanted = options(Access::Create);
    wanted.schema = Some("mine".to_owned());
    connect_with(database.url(), &wanted).await.expect("it is named");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_is_waited_for() {
    let server = Postgres::with_settings(&[("fsync", "off")]);
    let database = server.database();
    server.stop_immediate();
    let url = database.url().to_owned();
    let found = error(&url, Access::Create).await;
    assert!(matches!(found, BackendError::Unreachable { .. }), "{found}");
    let mut patient = options(Access::Create);
    patient.wait = Duration::from_secs(60);
    let waiting = tokio::spawn(async move { connect_with(&url, &patient).await.map(drop) });
    server.restart();
    waiting.await.expect("no panic").expect("connects in the end");
}
