//! One table of URL forms and their meanings, for all backends; and what is shown of them.

use super::*;
use crate::backend::url::error::UnknownParameter;

/// What a URL means, in one line: the parts that it gives, in a fixed order.
fn meaning(url: &DatabaseUrl) -> String {
    let mut said = Vec::new();
    let mut say = |name: &str, value: Option<String>| {
        said.extend(value.map(|value| format!("{name}={value}")));
    };
    match &*url.target {
        Target::Sqlite(url) => {
            say("file", Some(url.file.clone()).filter(|file| !file.is_empty()));
            say("memory", url.is_in_memory.then(|| "yes".to_owned()));
            say("mode", url.is_read_only.then(|| "ro".to_owned()));
            say("mode", url.has_to_exist.then(|| "rw".to_owned()));
            say("immutable", url.is_immutable.then(|| "yes".to_owned()));
            say("vfs", url.vfs.clone());
        }
        Target::Postgres(url) => {
            say("user", url.user.clone());
            say("password", url.password.clone());
            say("host", url.host.clone());
            say("address", url.address.clone());
            say("port", url.port.map(|port| port.to_string()));
            say("database", url.database.clone());
            say("tls", url.tls.map(|tls| format!("{tls:?}")));
            say(
                "root",
                url.root.clone().map(|root| match root {
                    Root::System => "(system)".to_owned(),
                    Root::File(path) => path,
                }),
            );
            say("certificate", url.certificate.clone());
            say("key", url.key.clone());
            for (name, value) in &url.settings {
                say(&format!("-c{name}"), Some(value.clone()));
            }
            say("application", url.application.clone());
            say("connect", url.connect_time.map(|time| format!("{}s", time.as_secs())));
            say("role", url.role.map(|role| format!("{role:?}")));
            say("passfile", url.password_file.as_ref().map(|path| path.display().to_string()));
        }
        Target::Mysql(url) => {
            say("user", url.user.clone());
            say("password", url.password.clone());
            say("host", url.host.clone());
            say("port", url.port.map(|port| port.to_string()));
            say("socket", url.socket.clone());
            say("database", url.database.clone());
            say("tls", Some(format!("{:?}", url.tls())));
            say("authority", url.authority.clone());
            say("certificate", url.certificate.clone());
            say("key", url.key.clone());
            say("connect", url.connect_time.map(|time| format!("{}s", time.as_secs())));
        }
    }
    said.join(" ")
}

const UNDERSTOOD: &[(&str, &str)] = &[
    // SQLite.
    ("sqlite:demo.db", "file=demo.db"),
    ("sqlite://demo.db", "file=demo.db"),
    ("sqlite:///var/lib/app/a%20b.db?mode=ro", "file=/var/lib/app/a b.db mode=ro"),
    ("sqlite:100%.db?immutable=1", "file=100%.db immutable=yes"),
    ("sqlite:a+b@c#d.db?mode=rwc&cache=private", "file=a+b@c#d.db"),
    ("sqlite::memory:", "memory=yes"),
    ("sqlite:a.db?mode=rw", "file=a.db mode=rw"),
    ("sqlite:x?mode=memory&vfs=unix-none", "file=x memory=yes vfs=unix-none"),
    // PostgreSQL: places.
    ("postgres://h/d", "host=h database=d"),
    ("postgresql://u@h/d", "user=u host=h database=d"),
    ("postgres://u:p@h:6432/d", "user=u password=p host=h port=6432 database=d"),
    ("postgres://u:p@h:/d", "user=u password=p host=h database=d"),
    ("postgres://u:@h/d", "user=u password= host=h database=d"),
    ("postgres:///d", "database=d"),
    ("postgres://u@/d", "user=u database=d"),
    ("postgres://u@[::1]:5433/d", "user=u host=::1 port=5433 database=d"),
    ("postgres://[2001:db8::1]/d", "host=2001:db8::1 database=d"),
    ("postgres:///d?host=::1&port=5433", "host=::1 port=5433 database=d"),
    ("postgres://%2Frun%2Fpostgresql/d", "host=/run/postgresql database=d"),
    ("postgres://%2Frun%2Fpostgresql:5433/d", "host=/run/postgresql port=5433 database=d"),
    ("postgres:///d?host=/run/postgresql", "host=/run/postgresql database=d"),
    ("postgres:///d?host=%2Frun%2Fpostgresql", "host=/run/postgresql database=d"),
    ("postgres://h1/d?host=h2&dbname=e&user=u&password=p", "user=u password=p host=h2 database=e"),
    ("postgres://h/?dbname=d", "host=h database=d"),
    ("postgres://h?dbname=d&user=bob@corp", "user=bob@corp host=h database=d"),
    (
        "postgres://h/d?hostaddr=10.0.0.1&sslmode=require",
        "host=h address=10.0.0.1 database=d tls=Require",
    ),
    ("postgres://db-1.example.com./d", "host=db-1.example.com. database=d"),
    // PostgreSQL: percent-encoding.
    (
        "postgres://u%40corp:p%23%2F%3F%40%3A%25@h/d",
        "user=u@corp password=p#/?@:% host=h database=d",
    ),
    ("postgres://u:a+b@h/c+d", "user=u password=a+b host=h database=c+d"),
    ("postgres://u:a:b@h/d", "user=u password=a:b host=h database=d"),
    ("postgres://%C3%A9:%E6%BC%A2@h/%C3%BC", "user=é password=漢 host=h database=ü"),
    ("postgres://u:p%0A@h/d", "user=u password=p\n host=h database=d"),
    ("postgres://h/a/b", "host=h database=a/b"),
    ("postgres://h/a@b", "host=h database=a@b"),
    ("postgres://[::1]:5433/a@b", "host=::1 port=5433 database=a@b"),
    ("postgres://h:5433?user=bob@corp&dbname=d", "user=bob@corp host=h port=5433 database=d"),
    ("postgres://u:p!$&'()*,;=@h/d", "user=u password=p!$&'()*,;= host=h database=d"),
    // PostgreSQL: parameters.
    (
        "postgres://h/d?sslmode=verify-full&sslrootcert=ca.pem",
        "host=h database=d tls=VerifyFull root=ca.pem",
    ),
    ("postgres://h/d?ssl-mode=disable", "host=h database=d tls=Disable"),
    ("postgres://h/d?sslmode=disable&sslmode=require", "host=h database=d tls=Require"),
    ("postgres://h/d?sslrootcert=system", "host=h database=d root=(system)"),
    ("postgres://h/d?sslcert=c.pem&sslkey=k.pem", "host=h database=d certificate=c.pem key=k.pem"),
    ("postgres://h/d?search_path=tenant", "host=h database=d -csearch_path=tenant"),
    (
        "postgres://h/d?search_path=%22A,b%22,public",
        "host=h database=d -csearch_path=\"A,b\",public",
    ),
    ("postgres://h/d?currentSchema=a,b", "host=h database=d -csearch_path=a,b"),
    ("postgres://h/d?schema=My%22Own", "host=h database=d -csearch_path=\"My\"\"Own\""),
    ("postgres://h/d?options=-csearch_path%3Dtenant", "host=h database=d -csearch_path=tenant"),
    (
        "postgres://h/d?options=-c%20lock_timeout=5s%20--work-mem=64MB",
        "host=h database=d -clock_timeout=5s -cwork_mem=64MB",
    ),
    ("postgres://h/d?options[work_mem]=64MB", "host=h database=d -cwork_mem=64MB"),
    ("postgres://h/d?application_name=a%20b", "host=h database=d application=a b"),
    ("postgres://h/d?connect_timeout=7", "host=h database=d connect=7s"),
    ("postgres://h/d?target_session_attrs=read-write", "host=h database=d role=ReadWrite"),
    (
        "postgres://h/d?passfile=/run/secrets/pgpass",
        "host=h database=d passfile=/run/secrets/pgpass",
    ),
    (
        "postgres://h/d?client_encoding=utf8&gssencmode=prefer&channel_binding=prefer&",
        "host=h database=d",
    ),
    // MySQL and MariaDB.
    ("mysql://h/d", "host=h database=d tls=Preferred"),
    ("mariadb://u:p@h:3307/d", "user=u password=p host=h port=3307 database=d tls=Preferred"),
    ("mysql://u:p%40%2F@[::1]/d", "user=u password=p@/ host=::1 database=d tls=Preferred"),
    (
        "mysql://u@h/d?ssl-mode=VERIFY_IDENTITY&ssl-ca=ca.pem",
        "user=u host=h database=d tls=VerifyIdentity authority=ca.pem",
    ),
    ("mysql://u@h/d?ssl_mode=required", "user=u host=h database=d tls=Required"),
    ("mysql://u@h/d?sslMode=VERIFY_CA", "user=u host=h database=d tls=VerifyCa"),
    ("mysql://u@h/d?ssl-ca=ca.pem", "user=u host=h database=d tls=VerifyCa authority=ca.pem"),
    ("mysql://u@h/d?tls=true", "user=u host=h database=d tls=VerifyIdentity"),
    ("mysql://u@h/d?tls=skip-verify", "user=u host=h database=d tls=Required"),
    ("mysql://u@h/d?tls=false", "user=u host=h database=d tls=Disabled"),
    (
        "mysql://u@h/d?unix_socket=/run/mysqld/mysqld.sock",
        "user=u host=h socket=/run/mysqld/mysqld.sock database=d tls=Preferred",
    ),
    ("mysql:///d?socket=%2Frun%2Fm.sock", "socket=/run/m.sock database=d tls=Preferred"),
    ("mysql://u@%2Frun%2Fm.sock/d", "user=u socket=/run/m.sock database=d tls=Preferred"),
    ("mysql://h/d?user=u&password=a+b", "user=u password=a+b host=h database=d tls=Preferred"),
    ("mysql://h/d?charset=utf8mb4&connect_timeout=3", "host=h database=d tls=Preferred connect=3s"),
    (
        "mysql://h/d?allowPublicKeyRetrieval=true&characterEncoding=UTF-8",
        "host=h database=d tls=Preferred",
    ),
    (
        "mysql://h/d?sslcert=c.pem&sslkey=k.pem&ssl-mode=VERIFY_CA",
        "host=h database=d tls=VerifyCa certificate=c.pem key=k.pem",
    ),
];

/// A URL, and what its error says; each holds `sekret` where something secret stands.
const REFUSED: &[(&str, &str)] = &[
    ("", "is empty"),
    ("demo.db", "no scheme"),
    ("C:\\demo.db", "no scheme"),
    ("sqlite:", "no file"),
    ("sqlite://?mode=ro", "no file"),
    ("sqlite:app.db\n", "a line break"),
    ("oracle://u:sekret@h/d", "cannot open a `oracle:`"),
    ("postgres://u:sekret@h", "names no database"),
    ("postgres://u:sekret@h/", "names no database"),
    ("mysql://u:sekret@h/", "names no database"),
    ("postgres://h/d?dbname=", "names no database"),
    ("postgres:u:sekret@h/d", "a scheme without `//`"),
    // The most reported fault of all tools.
    ("postgres://u:sek#ret@h/d", "`#` that has to be written as %23"),
    ("postgres://u:sek/ret@h/d", "`/` that has to be written as %2F"),
    ("postgres://u:sek?ret@h/d", "`?` that has to be written as %3F"),
    ("postgres://u:sek?ret=1@h/d", "`?` that has to be written as %3F"),
    ("postgres://u:sek@ret@h/d", "`@` that has to be written as %40"),
    ("postgres://u:12/34@h/d", "percent-encoding"),
    ("mysql://u:sek#ret@h/d", "percent-encoding"),
    ("mysql://u:sek/ret@h/d", "percent-encoding"),
    ("mysql://u:sek@ret@h/d", "percent-encoding"),
    ("postgres://u:sek%ret@h/d", "the password in the database URL is no valid percent-encoding"),
    ("postgres://u:sek%ffret@h/d", "percent-encoding"),
    ("postgres://u:sek%00ret@h/d", "percent-encoding"),
    (
        "postgres://u:p@h/d%zz",
        "the database's name in the database URL is no valid percent-encoding",
    ),
    ("mysql://h/d?ssl-ca=%2", "percent-encoding"),
    ("postgres://h/d#x", "%23"),
    ("postgres://u:sekret@h/d\n", "a line break that has to be written as %0A"),
    ("postgres://u:sek\nret@h/d", "a line break"),
    ("mysql://u:sekret@h/d\r\n", "carriage return"),
    (" postgres://u:sekret@h/d", "no scheme"),
    ("mysql://u:sekret@h/d ", "a space"),
    // Places.
    ("postgres://u@h1,h2/d", "several hosts"),
    ("postgres://u@h1:1,h2:2/d", "several hosts"),
    ("postgres:///d?host=h1,h2", "several hosts"),
    ("mysql://u@h1,h2/d", "several hosts"),
    ("postgres://u@::1:5432/d", "needs brackets"),
    ("postgres://u@[fe80::1%25eth0]/d", "has a zone"),
    ("mysql://u@[fe80::1%eth0]/d", "has a zone"),
    ("postgres://u@[x]/d", "no IPv6 address"),
    ("postgres://u@h:port/d", "no number from 1 to 65535"),
    ("postgres://u@h:0/d", "no number from 1 to 65535"),
    ("postgres://u@h:65536/d", "no number from 1 to 65535"),
    ("postgres://u@h:+1/d", "no number from 1 to 65535"),
    (
        "postgres://u@h/d?port=x",
        "`port` has a value that cannot be used; it can be a number from 1 to 65535",
    ),
    (
        "postgres://h/d?hostaddr=name",
        "`hostaddr` has a value that cannot be used; it can be an IP address",
    ),
    ("postgres:///d?host=@abstract", "abstract sockets"),
    // Forms of other clients.
    ("jdbc:postgresql://h/d?password=sekret", "leave out `jdbc:`"),
    ("jdbc:mysql://h/d", "leave out `jdbc:`"),
    ("host=h dbname=d password=sekret", "keywords and values"),
    ("dbname=d", "keywords and values"),
    ("user:sekret@tcp(h:3306)/d", "Go's driver"),
    ("mysql://u:sekret@tcp(h:3306)/d", "Go's driver"),
    ("mysql://u:sekret@unix(/run/m.sock)/d", "Go's driver"),
    ("postgresql+psycopg2://u:sekret@h/d", "SQLAlchemy"),
    ("mysql+pymysql://u:sekret@h/d", "SQLAlchemy"),
    // Parameters.
    (
        "postgres://h/d?sslmod=require",
        "`sslmod` is no parameter of a database URL; did you mean `sslmode`?",
    ),
    ("postgres://h/d?SSLMODE=require", "did you mean `sslmode`?"),
    ("postgres://h/d?optoins=-cx=y", "did you mean `options`?"),
    ("postgres://h/d?serach_path=x", "did you mean `search_path`?"),
    ("postgres://h/d?statement_timeout=5000", "options=-cNAME=VALUE"),
    ("postgres://u:p@h/d?sekret", "`sekret` is no parameter"),
    ("postgres://u:p@h/d?s%20ekret", "has a parameter that is not known"),
    (
        "postgres://h/d?sslmode=off",
        "`sslmode` has a value that cannot be used; it can be disable, allow,",
    ),
    ("postgres://h/d?sslmode", "`sslmode` has a value"),
    ("postgres://h/d?sslmode=REQUIRE", "`sslmode` has a value"),
    ("postgres://h/d?sslmode=require&sslrootcert=system", "verify-full where sslrootcert=system"),
    ("postgres://h/d?sslcert=c.pem", "sslcert and sslkey belong together"),
    ("postgres://h/d?ssl=true", "`ssl` in the database URL cannot be used"),
    ("postgres://h/d?service=prod", "`service` in the database URL cannot be used"),
    ("postgres://h/d?channel_binding=require", "`channel_binding` has a value"),
    ("postgres://h/d?gssencmode=require", "`gssencmode` has a value"),
    ("postgres://h/d?gssencmode=or", "`gssencmode` has a value"),
    ("postgres://h/d?sslsni=", "`sslsni` has a value"),
    ("postgres://h/d?sslpassword=sekret", "`sslpassword` in the database URL cannot be used"),
    ("postgres://h/d?target_session_attrs=master", "`target_session_attrs` has a value"),
    (
        "postgres://h/d?client_encoding=LATIN1",
        "`client_encoding` has a value that cannot be used; it can be UTF8",
    ),
    ("postgres://h/d?connect_timeout=soon", "seconds"),
    ("postgres://h/d?options=-d5", "-cNAME=VALUE"),
    ("postgres://h/d?search_path=", "the name of a schema"),
    ("postgres://h/d?search_path=a&schema=b", "`search_path` is given twice"),
    ("postgres://h/d?options=-csearch_path=a&search_path=b", "`search_path` is given twice"),
    ("postgres://h/d?connection_limit=5", "a pool of connections"),
    ("postgres://h/d?hostaddr=10.0.0.1&sslmode=verify-full", "give the host alone"),
    (
        "mysql://u@h/d?sslmode=disable",
        "`sslmode` has a value that cannot be used; it can be DISABLED, PREFERRED,",
    ),
    ("mysql://u@h/d?ssl-mode=verify-full", "`ssl-mode` has a value"),
    ("mysql://u@h/d?ssl-mde=REQUIRED", "did you mean `ssl-mode`?"),
    ("mysql://u@h/d?SslMode=REQUIRED", "did you mean"),
    ("mysql://u@h/d?tls=custom", "`tls` has a value"),
    ("mysql://u@h/d?tls=true&ssl-mode=DISABLED", "`ssl-mode` is given twice"),
    ("mysql://u@h/d?ssl-mode=REQUIRED&sslMode=DISABLED", "`sslMode` is given twice"),
    (
        "mysql://u@h/d?ssl-mode=REQUIRED&ssl-ca=ca.pem",
        "VERIFY_CA or VERIFY_IDENTITY where ssl-ca is given",
    ),
    ("mysql://u@h/d?useSSL=true", "use ssl-mode"),
    ("mysql://u@h/d?verifyServerCertificate=true", "use ssl-mode"),
    ("mysql://u@h/d?parseTime=true", "another driver's"),
    ("mysql://u@h/d?search_path=x", "a schema is a database"),
    ("mysql://u@h/d?schema=x", "a schema is a database"),
    ("mysql://u@h/d?charset=latin1", "`charset` has a value"),
    ("mysql://u@h/d?time_zone=UTC", "server's own setting"),
    ("mysql://u@h/d?socket=mysql.sock", "the path of a socket"),
    (
        "sqlite:app.db?mode=sekret",
        "`mode` has a value that cannot be used; it can be ro, rw, rwc or memory",
    ),
    ("sqlite:app.db?mod=ro", "did you mean `mode`?"),
    ("sqlite:app.db?search_path=x", "SQLite has no schemas"),
    ("sqlite:app.db?cache=shared", "`cache` has a value"),
    ("sqlite:app.db?_pragma=foreign_keys(1)", "another driver's"),
    ("sqlite:app.db?mode=ro&mode=rw", "`mode` is given twice"),
];

#[test]
fn every_form_means_what_it_means_to_the_databases_own_client() {
    assert!(UNDERSTOOD.len() >= 60, "{}", UNDERSTOOD.len());
    for (text, expected) in UNDERSTOOD {
        let url = text.parse::<DatabaseUrl>().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(meaning(&url), *expected, "{text:?}");
    }
}

#[test]
fn what_is_refused_is_explained_without_a_secret() {
    for (text, expected) in REFUSED {
        let Err(error) = text.parse::<DatabaseUrl>() else { panic!("{text:?} is taken") };
        let shown = error.to_string();
        assert!(shown.contains(expected), "{text:?}: {shown}");
        let shown = format!("{shown} {error:?}");
        let secrets = ["sek", "ret@", "ret=", "12", "34"];
        let is_name = text.ends_with("?sekret");
        let is_told = secrets.iter().any(|secret| shown.contains(secret) && text.contains(secret));
        assert!(is_name || !is_told || !text.contains(':'), "{text:?}: {shown}");
    }
}

#[test]
fn shown_without_user_and_password_and_pasted_without_password() {
    let table = [
        ("sqlite:demo.db?mode=ro", "sqlite:demo.db", "sqlite:demo.db"),
        ("sqlite:///var/x.db", "sqlite:/var/x.db", "sqlite:/var/x.db"),
        ("sqlite::memory:", "sqlite::memory:", "sqlite::memory:"),
        (
            "postgres://u:sekret@h:5/d?sslmode=require",
            "postgres://h:5/d",
            "postgres://u@h:5/d?sslmode=require",
        ),
        ("postgres://u%40x:sekret@[::1]:5/d", "postgres://[::1]:5/d", "postgres://u%40x@[::1]:5/d"),
        (
            "postgresql:///d?host=/run/postgresql&user=u&password=sekret&search_path=a,%20b",
            "postgresql://%2Frun%2Fpostgresql/d",
            "postgresql://u@%2Frun%2Fpostgresql/d?search_path=a,%20b",
        ),
        (
            "postgres://h/d?hostaddr=10.0.0.1&password=sekret",
            "postgres://h/d",
            "postgres://h/d?hostaddr=10.0.0.1",
        ),
        ("postgres://h/a%2Fb%0A", "postgres://h/a%2Fb%0A", "postgres://h/a%2Fb%0A"),
        (
            "mysql://u:sekret@h/d?socket=/run/m.sock&ssl-mode=REQUIRED",
            "mysql://%2Frun%2Fm.sock/d",
            "mysql://u@%2Frun%2Fm.sock/d?ssl-mode=REQUIRED",
        ),
        ("mariadb://u:sekret@h/d", "mariadb://h/d", "mariadb://u@h/d"),
    ];
    for (text, shown, pasted) in table {
        let url = text.parse::<DatabaseUrl>().expect(text);
        assert_eq!(url.to_string(), shown, "{text}");
        assert_eq!(format!("{url:?}"), format!("DatabaseUrl({shown})"));
        assert_eq!(url.without_password(), pasted, "{text}");
        // What is pasted means the same, but for the password.
        let again = pasted.parse::<DatabaseUrl>().expect(pasted);
        assert_eq!(again.without_password(), pasted);
    }
}

#[test]
fn another_database_of_the_same_server() {
    let table = [
        ("postgres://u:p@h:5/app?sslmode=require", Some("postgres://u@h:5/x?sslmode=require")),
        ("postgres://h/?dbname=app&host=%2Frun", Some("postgres://%2Frun/x")),
        ("mariadb://u@h/app", Some("mariadb://u@h/x")),
        ("sqlite:app.db", None),
    ];
    for (text, expected) in table {
        let url: DatabaseUrl = text.parse().expect("a URL");
        let beside = url.beside("x");
        assert_eq!(beside.as_ref().map(DatabaseUrl::without_password).as_deref(), expected);
    }
    let url: DatabaseUrl = "mysql://u:p@h/app".parse().expect("a URL");
    let Some(Target::Mysql(beside)) = url.beside("x").map(|url| *url.target) else {
        panic!("MySQL's")
    };
    assert_eq!(beside.password.as_deref(), Some("p"));
}

#[test]
fn who_names_a_search_path() {
    let table: [(&str, &'static [(&str, &str)], bool); 7] = [
        ("postgres://h/d?search_path=x", &[], true),
        ("postgres://h/d?schema=x", &[], true),
        ("postgres://h/d?options=-c%20search_path=x", &[], true),
        ("postgres://h/d?options=--Search-Path=x", &[], true),
        ("postgres://h/d?options=-cwork_mem=1MB", &[], false),
        ("postgres://h/d", &[("PGOPTIONS", "-c search_path=x")], true),
        ("mysql://h/d", &[("PGOPTIONS", "-c search_path=x")], false),
    ];
    for (text, variables, expected) in table {
        let url: DatabaseUrl = text.parse().expect(text);
        let environment = Environment::made_up(variables);
        assert_eq!(url.names_search_path_in(&environment), expected, "{text}");
    }
}

fn in_environment(text: &str, variables: &'static [(&str, &str)]) -> Result<String, ParseUrlError> {
    let url: DatabaseUrl = text.parse().expect(text);
    let environment = Environment::made_up(variables);
    let target = match &*url.target {
        Target::Postgres(given) => Target::Postgres(given.surrounded(&environment)?),
        Target::Mysql(given) => Target::Mysql(given.surrounded(&environment)),
        Target::Sqlite(given) => Target::Sqlite(given.clone()),
    };
    Ok(meaning(&DatabaseUrl { target: Box::new(target), ..url }))
}

#[test]
fn the_environment_fills_in_what_libpq_takes_from_it() {
    let table: [(&str, &'static [(&str, &str)], &str); 6] = [
        ("postgres://h/d", &[], "user=somebody host=h port=5432 database=d"),
        (
            "postgres://h/d",
            &[("PGUSER", "u"), ("PGPASSWORD", "p"), ("PGPORT", "6"), ("PGHOST", "no")],
            "user=u password=p host=h port=6 database=d",
        ),
        (
            "postgres:///d?sslmode=disable",
            &[("PGHOST", "x"), ("PGSSLMODE", "bogus"), ("PGDATABASE", "e"), ("PGUSER", "")],
            "user=somebody host=x port=5432 database=d tls=Disable",
        ),
        (
            "postgres://u:p@h/d",
            &[("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", "ca.pem"), ("PGUSER", "v")],
            "user=u password=p host=h port=5432 database=d tls=VerifyFull root=ca.pem",
        ),
        (
            "mysql://h/d",
            &[("MYSQL_PWD", "p"), ("PGUSER", "u")],
            "user=somebody password=p host=h database=d tls=Preferred",
        ),
        (
            "mysql://u:q@h/d",
            &[("MYSQL_PWD", "p")],
            "user=u password=q host=h database=d tls=Preferred",
        ),
    ];
    for (text, variables, expected) in table {
        assert_eq!(in_environment(text, variables).as_deref(), Ok(expected), "{text}");
    }
    let refused: [(&'static [(&str, &str)], &str); 4] = [
        (&[("PGSSLMODE", "off")], "`PGSSLMODE` has a value"),
        (&[("PGPORT", "x")], "`PGPORT` has a value"),
        (&[("PGCHANNELBINDING", "require")], "`PGCHANNELBINDING` has a value"),
        (&[("PGSERVICE", "prod")], "`PGSERVICE`"),
    ];
    for (variables, expected) in refused {
        let error = in_environment("postgres://u@h/d", variables).expect_err(expected);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_password_file_is_read_as_libpq_does() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pgpass");
    std::fs::write(&path, "h:5432:d:u:from the file\nlocalhost:5432:d:u:local\n").expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    let table = [("h", "from the file"), ("%2Fvar%2Frun%2Fpostgresql", "local")];
    for (host, expected) in table {
        let url = format!("postgres://u@{host}/d?passfile={}", path.display());
        let url: DatabaseUrl = url.parse().expect("a URL");
        let Target::Postgres(url) = &*url.target else { panic!("PostgreSQL's") };
        let url = url.surrounded(&Environment::made_up(&[])).expect("fits");
        assert_eq!(url.password.as_deref(), Some(expected));
    }
}

#[test]
fn unknown_names_are_data() {
    let error = "postgres://h/d?sslmod=x".parse::<DatabaseUrl>().expect_err("unknown");
    let ParseUrlError::UnknownParameter(UnknownParameter { name, nearest, .. }) = error else {
        panic!("another error");
    };
    assert_eq!((name.as_deref(), nearest), (Some("sslmod"), Some("sslmode")));
}
