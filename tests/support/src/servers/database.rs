//! One empty database on a throw-away server, dropped when it is not needed any more.

use super::client::{Client, Role};
use std::sync::atomic::{AtomicU32, Ordering};

/// A database of its own for one test.
pub struct Database {
    client: Client,
    name: String,
    url: String,
}

impl Database {
    /// `server` is the URL up to and without the name of the database.
    pub(super) fn new(client: &Client, server: &str) -> Self {
        let (name, url) = fresh(server);
        client.create_database(&name);
        Self { client: client.clone(), url, name }
    }

    /// Another database with all that is in this one. Nobody may be connected to this one.
    pub fn copy(&self) -> Self {
        let server = self.url.strip_suffix(&format!("/{}", self.name)).expect("as it was made");
        let (name, url) = fresh(server);
        self.client.copy_database(&self.name, &name);
        Self { client: self.client.clone(), url, name }
    }

    /// Gives it another name, which MariaDB has no statement for. Nobody may be connected to it.
    pub fn rename(&mut self) {
        let server = self.url.strip_suffix(&format!("/{}", self.name)).expect("as it was made");
        let (name, url) = fresh(server);
        let sql = format!("ALTER DATABASE {} RENAME TO {name};", self.name);
        self.client.sql(Role::Administrator, "postgres", &sql);
        (self.name, self.url) = (name, url);
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its URL, with user and password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements as the URL's user.
    pub fn sql(&self, sql: &str) {
        self.client.sql(Role::Runner, &self.name, sql);
    }

    /// Runs statements as the server's administrator.
    pub fn admin_sql(&self, sql: &str) {
        self.client.sql(Role::Administrator, &self.name, sql);
    }

    /// The first column of a query's rows, as text; null is `NULL`.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        self.client.rows(Role::Administrator, &self.name, sql)
    }

    /// Returns what pg_dump makes of it, rights and owners included.
    pub fn pg_dump(&self, options: &[&str]) -> String {
        self.client.pg_dump(&self.name, options)
    }

    /// Schema and rows without the runner's own tables, as text that is equal for equal databases.
    pub fn dump(&self) -> String {
        self.client.dump(&self.name)
    }
}

/// A name that no database has, and the URL that goes with it.
fn fresh(server: &str) -> (String, String) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    // A server may outlive a killed test and its database, and process ids come again.
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos();
    let name = format!("t{}_{now:x}_{number}", std::process::id());
    let url = format!("{server}/{name}");
    (name, url)
}

impl Drop for Database {
    fn drop(&mut self) {
        self.client.drop_database(&self.name);
    }
}
