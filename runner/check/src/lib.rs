//! Refuses to start an application while database alterations are undeployed.
//!
//! Nothing is altered when an application starts: it looks whether all that its plugins ship is applied, and a person
//! or a pipeline runs `runner deploy`. This crate gives the answer of `runner check` inside of the application, over
//! the database connection that the application has already. It opens no connection, alters nothing, takes no lock and
//! runs no component, so that any number of servers may start at once.
//!
//! ```text
//!   plugins (a folder, or embedded bytes) --Plugins--> manifests --+
//!                                                                  +--> Answer
//!   database --texts of Queries, sent by the application--> rows --+
//! ```
//!
//! With the feature of the driver that the application uses, it is one call:
//!
#![cfg_attr(feature = "rusqlite", doc = "```no_run")]
#![cfg_attr(not(feature = "rusqlite"), doc = "```ignore")]
//! # fn start(connection: &rusqlite::Connection) -> Result<(), Box<dyn std::error::Error>> {
//! let plugins = alteration_check::Plugins::read(["./plugins"])?;
//! alteration_check::rusqlite::check(connection, None, &plugins)?.require_deployed()?;
//! # Ok(())
//! # }
//! ```
//!
//! | feature | call |
//! |---|---|
//! | `rusqlite` (0.32 to 0.43) | `alteration_check::rusqlite::check` |
//! | `tokio-postgres` | `alteration_check::tokio_postgres::check` |
//! | `sqlx-0-8` | `alteration_check::sqlx_0_8::check` |
//! | `sqlx-0-9` | `alteration_check::sqlx_0_9::check` |
//!
//! No feature is on by default, and none turns a database of its driver on: what the application links stays its own
//! choice. Any other driver sends the texts of [`Queries`] itself. They have no parameters, and every column of every
//! answer is text or NULL:
//!
//! ```
//! use alteration_check::{Answer, Dialect, Plugins, Queries};
//!
//! type Rows = Vec<Vec<Option<String>>>;
//!
//! fn check(
//!     plugins: &Plugins,
//!     mut read: impl FnMut(&str) -> std::io::Result<Rows>,
//! ) -> Result<Answer, Box<dyn std::error::Error>> {
//!     let mut queries = Queries::new(Dialect::Sqlite, None);
//!     while let Some(sql) = queries.next() {
//!         let rows = read(sql)?;
//!         queries.put(rows)?;
//!     }
//!     Ok(queries.answer(plugins)?)
//! }
//!
//! // A database without any table, and no plugins: nothing is undeployed.
//! let plugins = Plugins::embedded([] as [(&str, &[u8]); 0])?;
//! let answer = check(&plugins, |sql| {
//!     Ok(if sql.contains("count(") { vec![vec![Some("0".to_owned())]] } else { Vec::new() })
//! })?;
//! assert_eq!(answer, Answer::Deployed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What `runner check` says beyond this
//!
//! The answer rests on manifests and records. `runner check` also reads the SQL of what is pending and the archive of
//! what was applied. In these states the application refuses to start as well, and only the reason differs:
//!
//! - The SQL of a pending alteration would be refused on this database: *undeployed* here, a finding there.
//! - An alteration was begun, and its file was changed since: *needs a decision* here, and there only if the changed
//!   file does not begin with what took effect.
//! - A plugin was renamed: *needs a decision* in both, and only the runner says which of its files changed as well.
//! - This user may not read the runner's tables: the driver's own error here, or on MySQL and MariaDB, which hide such
//!   tables, *undeployed*. `runner check` names the missing grants.
//!
//! The texts run with the session's own settings, as everything else of the application does. Run them on a primary, or
//! on a replica that has caught up.

mod plugins;
mod queries;
mod text;

#[cfg(any(
    feature = "rusqlite",
    feature = "sqlx-0-8",
    feature = "sqlx-0-9",
    feature = "tokio-postgres"
))]
mod driven;
#[cfg(feature = "rusqlite")]
pub mod rusqlite;
#[cfg(feature = "sqlx-0-8")]
pub mod sqlx_0_8;
#[cfg(feature = "sqlx-0-9")]
pub mod sqlx_0_9;
#[cfg(feature = "tokio-postgres")]
pub mod tokio_postgres;

pub use alteration_domain::{
    alteration::{AlterationKey, Dialect},
    plan::{Answer, Check, Finding, NotDeployed, Severity, Undeployed},
};
#[cfg(any(
    feature = "rusqlite",
    feature = "sqlx-0-8",
    feature = "sqlx-0-9",
    feature = "tokio-postgres"
))]
pub use driven::CheckError;
pub use plugins::{Plugins, PluginsError};
pub use queries::{Queries, QueriesError};
