//! What all test suites share: a place of their own, the real binary, and guests built from source.
//!
//! A crate for tests, never published. It does not depend on the runner, so that the runner's unit tests can use it too;
//! the binary that it starts is the one that Cargo built beside the test.

mod place;
pub mod proxy;
pub mod servers;
pub mod story;

pub use place::{Place, each_database};

use servers::Database;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A temporary folder with a database in it, and the runner to work on both.
pub struct Sandbox {
    folder: tempfile::TempDir,
    /// Where the database is, if not in the folder.
    server: Option<Database>,
    is_guarded: bool,
}

/// What a run of the binary gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder, server: None, is_guarded: false }
    }

    /// The same, and no plugin is confined: they work on tables of the application and of each other.
    pub fn guarded() -> Self {
        Self { is_guarded: true, ..Self::new() }
    }

    /// The same with a database on a server, as `Sandbox::on(Postgres::shared().database())`.
    pub fn on(database: Database) -> Self {
        Self { server: Some(database), ..Self::new() }
    }

    /// The database on a server.
    pub fn server(&self) -> &Database {
        self.server.as_ref().expect("this sandbox was made with Sandbox::on")
    }

    pub fn server_mut(&mut self) -> &mut Database {
        self.server.as_mut().expect("this sandbox was made with Sandbox::on")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The database file that `runner` uses if not told otherwise. Not with [`Sandbox::on`].
    pub fn database(&self) -> PathBuf {
        self.path().join("app.db")
    }

    pub fn url(&self) -> String {
        match &self.server {
            Some(server) => server.url().to_owned(),
            None => format!("sqlite:{}", self.database().display()),
        }
    }

    /// A command of the real binary, in this folder and with nothing of the caller's settings.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("USER", "tester")
            .env("DATABASE_URL", self.server.as_ref().map_or("sqlite:app.db", Database::url))
            .env("RUNNER_CACHE_DIR", cache_folder())
            // Nobody sits here. Tests of what happens without it remove it.
            .env("RUNNER_YES", "1")
            .stdin(Stdio::null());
        if self.server.is_some() || self.is_guarded {
            // Tests of confined plugins say so: a role would stay on a server that tests share.
            command.env("RUNNER_GUARD", "*");
        }
        command
    }

    pub fn runner(&self, args: &[&str]) -> Run {
        finish(&mut self.command(args))
    }

    /// As [`Sandbox::runner`], and it must have succeeded.
    pub fn ok(&self, args: &[&str]) -> Run {
        let run = self.runner(args);
        assert_eq!(run.code, Some(0), "runner {args:?} failed: {run:#?}");
        run
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, bytes).expect("a file");
        path
    }

    /// Copies the components of acme/shop that a clone has into `plugins/`.
    pub fn shipped_shop(&self) {
        for entry in fs::read_dir(root().join("plugins/acme/shop")).expect("the reference plugin") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "wasm") {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                let bytes = fs::read(&path).expect("a component");
                self.write(&format!("plugins/acme/shop/{name}"), bytes);
            }
        }
    }

    /// Packs SQL alterations, given as `(id, up, down)`, into `plugins/<plugin>/`.
    pub fn sql_plugin(&self, plugin: &str, alterations: &[(&str, &str, &str)]) {
        self.sql_plugin_requiring(plugin, "", alterations);
    }

    /// As [`Sandbox::sql_plugin`], with lines for the `[requires]` table.
    pub fn sql_plugin_requiring(
        &self,
        plugin: &str,
        requires: &str,
        alterations: &[(&str, &str, &str)],
    ) {
        let source = format!("sources/{plugin}");
        let _ = fs::remove_dir_all(self.path().join(&source));
        self.write(
            &format!("{source}/alteration.toml"),
            format!("plugin = \"{plugin}\"\n[requires]\n{requires}\n"),
        );
        for (id, up, down) in alterations {
            self.write(&format!("{source}/{id}.up.sql"), up);
            if !down.is_empty() {
                self.write(&format!("{source}/{id}.down.sql"), down);
            }
        }
        self.ok(&["pack", &source, "--out", &format!("plugins/{plugin}"), "--replace"]);
    }

    /// Everything in the database but the runner's own tables: schema and rows, as text.
    pub fn dump(&self) -> String {
        if let Some(server) = &self.server {
            return server.dump();
        }
        self.dump_of("name NOT LIKE 'alteration\\_%' ESCAPE '\\'")
    }

    /// Rows of `alteration_state` as `plugin id status`, in order.
    pub fn state(&self) -> Vec<String> {
        self.rows("SELECT concat_ws(' ', plugin, id, status) FROM alteration_state ORDER BY 1")
    }

    /// The first column of a query's rows. The database is opened as any other program would.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        if let Some(server) = &self.server {
            return server.rows(sql);
        }
        let url = self.url();
        block_on(async move {
            use sqlx::{Connection, Row};
            let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("a database");
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection).await;
            connection.close().await.expect("closes");
            // Unchecked, because numbers are wanted as text too.
            rows.expect("rows").iter().map(|row| row.get_unchecked(0)).collect()
        })
    }

    /// Once `runner` has applied something, takes SQLite's write lock between two of its
    /// transactions, and keeps it until `runner` has ended.
    pub fn lock_in_between(&self, runner: std::process::Child) -> Run {
        let url = self.url();
        block_on(async move {
            use sqlx::Connection;
            let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("a database");
            let impatient = "PRAGMA busy_timeout = 0";
            sqlx::raw_sql(impatient).execute(&mut connection).await.expect("runs");
            let applied = "SELECT count(*) FROM alteration_state WHERE status = 'applied'";
            let mut count = async || {
                let count = sqlx::query_scalar::<_, i64>(applied).fetch_one(&mut connection);
                count.await.unwrap_or_default()
            };
            let before = count().await;
            while count().await <= before {}
            while sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.is_err() {}
            let output = runner.wait_with_output().expect("ends");
            connection.close().await.expect("closes");
            output.into()
        })
    }

    /// Runs statements as the application would.
    pub fn sql(&self, sql: &str) {
        if let Some(server) = &self.server {
            return server.sql(sql);
        }
        let url = format!("{}?mode=rwc", self.url());
        block_on(async move {
            use sqlx::Connection;
            let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("a database");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("runs");
            connection.close().await.expect("closes");
        });
    }

    fn dump_of(&self, filter: &str) -> String {
        let mut dump = String::new();
        let schema = format!(
            "SELECT coalesce(sql, name) FROM sqlite_schema WHERE {} ORDER BY type, name",
            filter.replace("name", "tbl_name")
        );
        for sql in self.rows(&schema) {
            writeln!(dump, "{sql};").expect("a string grows");
        }
        let tables = format!(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND {filter} ORDER BY name"
        );
        for table in self.rows(&tables) {
            let columns = self.rows(&format!(
                "SELECT group_concat('quote(\"' || name || '\")', '||'',''||') FROM pragma_table_info('{table}')"
            ));
            let rows = self.rows(&format!("SELECT {} FROM \"{table}\" ORDER BY 1", columns[0]));
            for row in rows {
                writeln!(dump, "{table}: {row}").expect("a string grows");
            }
        }
        dump
    }
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Run {
    command.output().expect("it starts").into()
}

/// As [`finish`], and it must have succeeded.
pub fn succeed(command: &mut Command) -> Run {
    let run = finish(command);
    assert_eq!(run.code, Some(0), "{command:?}: {run:#?}");
    run
}

/// Returns the names of what is directly in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Runs a future to its end on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runs")
        .block_on(future)
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// One cache for all suites: what they compile is the same.
fn cache_folder() -> PathBuf {
    target_folder().join("test-cache")
}

/// The folder that Cargo builds in.
pub fn target_folder() -> PathBuf {
    profile_folder().parent().expect("the target folder").to_owned()
}

/// The runner. Cargo says where it is to tests of its own package only, and puts it into one place for all.
fn binary() -> PathBuf {
    let binary = profile_folder().join("runner");
    assert!(binary.exists(), "{} is missing: build all with --workspace", binary.display());
    binary
}

/// Returns where binaries of this test's profile are; a test is one folder below.
pub fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a file");
    test.ancestors().nth(2).expect("target/PROFILE/deps/TEST").to_owned()
}

/// A guest that `tests/scripts/build-guests` built, as `hostile`, `directory` or `insights`.
pub fn guest(name: &str) -> PathBuf {
    let path = target_folder().join("guests").join(format!("{name}.wasm"));
    assert!(
        path.exists(),
        "{} is missing: run the tests with tests/run, which builds it",
        path.display()
    );
    path
}
