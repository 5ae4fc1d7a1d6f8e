//! Write database alterations for the runner in Rust.
//!
//! An alteration is a WebAssembly component with two hooks, `up` and `down`. It sees a database and
//! a log, and nothing else: no files, no network, no clock. The host owns the transaction: return
//! `Ok`, and everything is committed together; return `Err`, and nothing is.
//!
//! # A whole alteration
//!
//! ```
//! use alteration_sdk::prelude::*;
//!
//! struct SplitNames;
//!
//! impl Alteration for SplitNames {
//!     fn up(db: &Database, _alteration: &str) -> Result<()> {
//!         db.execute_script(
//!             "ALTER TABLE customers ADD COLUMN given_name TEXT;
//!              ALTER TABLE customers ADD COLUMN family_name TEXT;",
//!         )?;
//!         let cursor = db.cursor("SELECT id, full_name FROM customers", params![])?;
//!         let mut without_space = 0;
//!         for row in cursor.rows::<(i64, String)>() {
//!             let (id, full_name) = row?;
//!             let Some((given, family)) = full_name.rsplit_once(' ') else {
//!                 without_space += 1;
//!                 continue;
//!             };
//!             db.execute(
//!                 "UPDATE customers SET given_name = ?, family_name = ? WHERE id = ?",
//!                 params![given, family, id],
//!             )?;
//!         }
//!         log::info!("{without_space} names have no space and were left as they are");
//!         Ok(())
//!     }
//!
//!     fn down(db: &Database, _alteration: &str) -> Result<()> {
//!         db.execute_script(
//!             "ALTER TABLE customers DROP COLUMN given_name;
//!              ALTER TABLE customers DROP COLUMN family_name;",
//!         )
//!     }
//! }
//!
//! alteration!(SplitNames);
//! # fn main() {}
//! ```
//!
//! # Building it
//!
//! In a project that `runner new --lang rust` made, `runner build` does it. Each `src/alterations/<id>.rs` there has
//! one type that is an [`Alteration`]; `build.rs` finds them, so that neither [`alteration!`] nor [`manifest!`] is
//! written by hand.
//!
//! Without a project, the crate is a `cdylib` that has this crate at a path of yours, here the sources of the runner:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! alteration-sdk = { path = "../runner/plugins/sdk" }
//! ```
//!
//! and a manifest names the plugin and the alteration, here `alteration.json`, embedded with
//! [`manifest!("alteration.json")`](manifest!):
//!
//! ```json
//! {
//!   "manifest": 1,
//!   "plugin": "globex/names",
//!   "requires": { "acme/shop": ">=1.0.0" },
//!   "alterations": [{ "id": "0.1.0-1735776000-split-names" }]
//! }
//! ```
//!
//! Then
//!
//! ```text
//! cargo build --release --target wasm32-unknown-unknown
//! runner pack target/wasm32-unknown-unknown/release/names.wasm --out plugins
//! ```
//!
//! # Many rows
//!
//! [`Database::query`] returns all rows at once and is for small results. A [`Cursor`] reads any
//! number in batches, a [`BulkWriter`] writes any number. Both work by rows, which is comfortable,
//! and by columns, which costs half: see [`Cursor::next_batch`] and [`BulkWriter::write_columns`].
//! Report where you are with [`log::progress`].
//!
//! # Errors
//!
//! Every call returns [`Result`], and `?` converts text and the errors of `std` as well. A
//! statement that failed has spoilt the transaction: ignoring its error does not help, the hook
//! fails all the same. A panic fails the hook too, and its message is logged.
//!
//! # Several databases
//!
//! SQL is handed over as it is written. Where databases differ, ask for the
//! [`dialect`](Database::dialect), for how it writes a [`placeholder`](Database::placeholder), and how
//! it [quotes a name](Database::quote_identifier); or name the ones you have written for as `dialects`
//! in the manifest, and the runner refuses the others.
//!
//! # Waiting for others
//!
//! In the manifest, `"lock_timeout_ms"` of an alteration says how long one of its statements may wait
//! for somebody else's lock, and `"statement_timeout_ms"` how long it may take. Without them the
//! operator's settings hold.
//!
//! # What the operator decides
//!
//! `"settings": ["REGION"]` of an alteration in the manifest lets it ask for [`settings::get("REGION")`](settings::get),
//! a text that the operator may give or not. There are no environment variables.
//!
//! # Several alterations in one component
//!
//! The manifest may declare several; each hook is given the alteration's id, so match on it.
//!
//! # Beyond `up` and `down`
//!
//! [`Preparation`] runs outside the transaction, [`Backfill`] in many small ones; see
//! [`alteration!`].

#![warn(missing_docs)]

#[doc(hidden)]
pub mod bindings;
mod cursor;
mod database;
pub mod entropy;
mod error;
mod from_value;
mod hooks;
pub mod log;
mod manifest;
mod row;
pub mod settings;
mod value;
mod writer;

pub use cursor::{Batch, Cursor, Rows};
pub use database::Database;
pub use error::{Context, Error, ErrorKind, Result};
pub use from_value::FromValue;
pub use hooks::{Alteration, Backfill, Preparation, Step};
pub use raw::types::{Column, ColumnData, Dialect, OtherValue, Outcome, Value};
pub use row::{FromRow, Row};
pub use value::ToValue;
pub use writer::BulkWriter;

/// The imports as WIT declares them, without this crate's conversions: the way around it, if one is
/// ever needed.
pub mod raw {
    pub use crate::bindings::runner::alteration::{database, entropy, log, settings, types};
}

/// What an alteration needs, for `use alteration_sdk::prelude::*`.
pub mod prelude {
    pub use crate::{
        Alteration, Backfill, BulkWriter, ColumnData, Context, Cursor, Database, Dialect, Error,
        FromRow, FromValue, Preparation, Result, Row, Step, ToValue, Value, alteration, log,
        manifest, params,
    };
}
