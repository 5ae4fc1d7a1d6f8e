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
    let found =
        error(&format!("{url}?sslrootcert=nowhere.pem&sslmode=require"), Access::Create).await;
    assert!(matches!(found, BackendError::CertificateFile { .. }), "{found}");
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

/// The forms of a URL that lead to the same server.
#[tokio::test]
async fn places() {
    let server =
        Postgres::with_settings(&[("listen_addresses", "127.0.0.1,::1"), ("fsync", "off")]);
    let database = server.database();
    let (name, port, folder) =
        (database.name(), server.port(), server.folder().display().to_string());
    let encoded = folder.replace('/', "%2F");
    for url in [
        format!("postgres://{USER}:{PASSWORD}@[::1]:{port}/{name}"),
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{port}/{name}"),
        format!("postgresql:///{name}?host=::1&port={port}&user={USER}&password={PASSWORD}"),
        format!("postgres://{USER}:{PASSWORD}@nowhere.invalid:{port}/{name}?hostaddr=::1"),
        // No password is asked for there, and TLS is not for sockets.
        format!("postgres://{USER}@{encoded}:{port}/{name}?sslmode=verify-full"),
        format!("postgres://{USER}@/{name}?host={folder}&port={port}"),
    ] {
        let mut connection = connect(&url).await;
        let found = connection.own_texts("SELECT current_database()").await.expect("reads");
        assert_eq!(found, [[Some(name.to_owned())]], "{url}");
    }
    let url = format!("postgres://{USER}@%2Fnowhere:{port}/{name}");
    let found = error(&url, Access::Create).await;
    assert!(found.to_string().contains(&format!("(/nowhere/.s.PGSQL.{port})")), "{found}");
}

#[tokio::test]
async fn a_search_path_of_the_url_holds() {
    let database = Postgres::shared().database();
    database.sql("CREATE SCHEMA tenant; CREATE SCHEMA \"My,\"\"Own\\ s\"");
    let own = "%22My,%22%22Own%5C%20s%22";
    for (parameter, expected) in [
        ("search_path=tenant".to_owned(), "tenant"),
        ("currentSchema=tenant,public".to_owned(), "tenant"),
        ("options=-c%20search_path%3Dtenant".to_owned(), "tenant"),
        (format!("search_path={own},public"), "My,\"Own\\ s"),
        ("schema=My,%22Own%5C%20s".to_owned(), "My,\"Own\\ s"),
    ] {
        let url = format!("{}?{parameter}", database.url());
        let mut connection = connect(&url).await;
        let found = connection.link.own_rows("SELECT current_schema()").await.expect("reads");
        assert_eq!(found, [[Some(expected.to_owned())]], "{parameter}");
    }
}

#[tokio::test]
async fn which_kind_of_server_is_asked_for() {
    let database = Postgres::shared().database();
    let with = |role: &str| format!("{}?target_session_attrs={role}", database.url());
    for role in ["any", "read-write", "primary", "prefer-standby"] {
        connect(&with(role)).await;
    }
    for role in ["read-only", "standby"] {
        let found = error(&with(role), Access::Read).await;
        assert!(matches!(found, BackendError::WrongRole { .. }), "{found}");
    }
}

#[tokio::test]
async fn a_server_of_another_kind_is_named() {
    let port = servers::Mariadb::shared().port();
    for mode in ["prefer", "disable", "require"] {
        let url = format!("postgres://u:sekret@127.0.0.1:{port}/d?sslmode={mode}");
        let found = error(&url, Access::Create).await;
        assert!(matches!(found, BackendError::WrongProtocol { .. }), "{mode}: {found}");
    }
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
