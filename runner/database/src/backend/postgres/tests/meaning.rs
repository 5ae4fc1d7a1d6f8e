//! A hook's SQL means what it means to the database's own client, under whatever the database or the role has set.

use super::*;
use crate::session::ErrorKind;

/// Settings that change what literals mean and how values are written, all at once.
const SETTINGS: [&str; 5] = [
    "TimeZone = 'Europe/Berlin'",
    "DateStyle = 'SQL, DMY'",
    "IntervalStyle = 'sql_standard'",
    "bytea_output = 'escape'",
    "extra_float_digits = -2",
];

/// A database whose sessions have all of these, as psql finds them too.
fn database() -> Database {
    let database = Postgres::shared().database();
    for setting in SETTINGS {
        database.sql(&format!("ALTER DATABASE {} SET {setting}", database.name()));
    }
    database
}

/// What is stored, whoever asks.
const STORED: &str =
    "SELECT x FROM (SELECT extract(epoch FROM at)::text, day - '2000-01-01'::date, moment::text,
        extract(epoch FROM length)::text, shown FROM %) AS t, LATERAL (SELECT t::text AS x) AS u";

#[tokio::test]
async fn literals_are_read_as_the_databases_own_client_reads_them() {
    let database = database();
    let table = |name: &str| {
        format!(
            "CREATE TABLE {name} (at timestamptz, day date, moment timestamp, length interval, shown text)"
        )
    };
    let fill = |name: &str| {
        format!(
            "INSERT INTO {name} VALUES ('2024-07-01 00:00', '03/04/2024', '31/12/2024 10:00',
                '-1 2:03:04', to_char('2024-01-01 00:00Z'::timestamptz, 'HH24:MI TZ') || current_date::text)"
        )
    };
    database.sql(&table("client"));
    database.sql(&fill("client"));
    let mut connection = connect(database.url()).await;
    enter(&mut connection).await;
    run(&mut connection, &table("script")).await;
    run(&mut connection, &fill("script")).await;
    // A call whose rows are read changes nothing for those that follow.
    let read = rows(&mut connection, "SELECT 1::float8 / 3, '1 day 02:03'::interval").await;
    let interval = Value::Other { type_name: "interval".into(), text: "1 day 02:03:00".into() };
    assert_eq!(read, [[Value::Float64(1.0 / 3.0), interval]]);
    run(&mut connection, &table("behind")).await;
    run(&mut connection, &fill("behind")).await;
    end_plainly(&mut connection).await;
    let client = database.rows(&STORED.replace('%', "client"));
    assert_eq!(database.rows(&STORED.replace('%', "script")), client);
    assert_eq!(database.rows(&STORED.replace('%', "behind")), client);
}

/// What a hook deferred runs at its end as everything else of it, also where its last call read rows.
#[tokio::test]
async fn deferred_triggers_see_the_databases_own_forms() {
    let database = database();
    database.sql("CREATE TABLE t (day date); CREATE TABLE shown (day text)");
    database.sql(
        "CREATE FUNCTION show() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO public.shown VALUES (NEW.day::text); RETURN NULL; END $$",
    );
    database.sql(
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION show()",
    );
    let mut connection = connect(database.url()).await;
    enter(&mut connection).await;
    run(&mut connection, "INSERT INTO t VALUES ('03/04/2024')").await;
    let read = rows(&mut connection, "SELECT day FROM t").await;
    assert_eq!(read, [[Value::Date("2024-04-03".into())]]);
    end_plainly(&mut connection).await;
    assert_eq!(database.rows("SELECT day FROM shown"), ["03/04/2024"]);
}

async fn end_plainly(connection: &mut PostgresConnection) {
    connection.end_hook(vec![]).await.expect("commits");
}

#[tokio::test]
async fn values_are_read_without_loss_under_any_settings() {
    let database = database();
    let mut connection = connect(database.url()).await;
    enter(&mut connection).await;
    let sql = "SELECT '2024-07-01 00:00'::timestamptz, '1880-01-01 00:00:00+00'::timestamptz,
        '03/04/2024'::date, '0044-03-15 12:00Z BC'::timestamptz, '\\xff00'::bytea, 0.1::float8 + 0.2,
        '31/12/2024 23:59:59.5'::timestamp, tstzrange('2024-07-01 00:00', null)";
    let expected = [
        Value::Timestamptz("2024-06-30T22:00:00Z".into()),
        Value::Timestamptz("1880-01-01T00:00:00Z".into()),
        Value::Date("2024-04-03".into()),
        Value::Timestamptz("0044-03-15 12:00:00+00 BC".into()),
        Value::Bytes(vec![255, 0]),
        Value::Float64(0.1 + 0.2),
        Value::Timestamp("2024-12-31T23:59:59.5".into()),
        Value::Other {
            type_name: "tstzrange".into(),
            text: "[\"2024-07-01 00:00:00+02\",)".into(),
        },
    ];
    let once = std::slice::from_ref(&expected);
    assert_eq!(rows(&mut connection, sql).await, once);
    let (cursor, _) = connection.open_cursor(sql, vec![]).await.expect("opens");
    assert_eq!(connection.fetch(cursor, PLENTY).await.expect("fetches"), once);
    // The session's own forms are back for what reads nothing, and SHOW tells of these.
    assert_eq!(rows(&mut connection, "SHOW DateStyle").await, [[text("SQL, DMY")]]);
    // What a hook sets itself is its own affair, and no way to lose a value.
    run(&mut connection, "SET DateStyle = 'German'").await;
    run(&mut connection, "SET TimeZone = 'Asia/Kolkata'").await;
    let now = rows(&mut connection, "SELECT '01.02.2024 00:00'::timestamptz").await;
    assert_eq!(now, [[Value::Timestamptz("2024-01-31T18:30:00Z".into())]]);
    // RESET comes back to what the database says, and not to what a library sets.
    run(&mut connection, "RESET TimeZone").await;
    run(&mut connection, "SET DateStyle TO DEFAULT").await;
    assert_eq!(rows(&mut connection, sql).await, once);
    assert_eq!(rows(&mut connection, "SHOW TimeZone").await, [[text("Europe/Berlin")]]);
}

#[tokio::test]
async fn typed_values_depend_on_no_zone() {
    let database = database();
    database.sql("CREATE TABLE t (at timestamptz, day date)");
    let mut connection = connect(database.url()).await;
    enter(&mut connection).await;
    let row =
        vec![Value::Timestamptz("2024-07-01T00:00:00Z".into()), Value::Date("2024-04-03".into())];
    connection.execute("INSERT INTO t VALUES ($1, $2)", row.clone()).await.expect("inserts");
    let plain = vec![Value::Timestamp("2024-07-01 00:00".into()), text("03/04/2024")];
    connection.execute("INSERT INTO t VALUES ($1, $2)", plain).await.expect("inserts");
    let columns = ["at".to_owned(), "day".to_owned()];
    let writer = connection.open_writer("t", &columns).await.expect("opens");
    connection.write(writer, vec![row.clone()]).await.expect("writes");
    connection.finish_writer(writer).await.expect("finishes");
    assert_eq!(
        rows(&mut connection, "SELECT at, day FROM t").await,
        [row.clone(), row.clone(), row]
    );
    let nowhere = vec![Value::Timestamptz("2024-07-01T00:00:00".into()), Value::Null];
    let error = connection.execute("INSERT INTO t VALUES ($1, $2)", nowhere).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conversion, "{error}");
}

/// Roles and databases can end what takes long, and what is idle; the runner has bounds of its own.
#[tokio::test]
async fn the_runners_own_statements_have_their_own_bounds() {
    let database = Postgres::shared().database();
    database.sql(&format!("ALTER DATABASE {} SET statement_timeout = '100ms'", database.name()));
    let mut connection = connect(database.url()).await;
    let wait = || vec![Own::run("SELECT pg_catalog.pg_sleep(0.3)", [])];
    let start = Start::entering(wait(), settings(HookMode::Transaction));
    connection.start(start).await.expect("has its time");
    end_plainly(&mut connection).await;
    connection.enter(settings(HookMode::Transaction)).await.expect("enters");
    connection.end_hook(wait()).await.expect("has its time");
}

#[tokio::test]
async fn settings_under_which_no_word_can_be_kept_are_refused() {
    for setting in ["standard_conforming_strings", "track_counts"] {
        let database = Postgres::shared().database();
        database.admin_sql(&format!("ALTER DATABASE {} SET {setting} = off", database.name()));
        let refused = connect_with(database.url(), &options(Access::Write)).await;
        let error = refused.expect_err("refused");
        assert!(error.to_string().contains(setting), "{error}");
    }
}
