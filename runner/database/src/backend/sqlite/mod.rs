//! SQLite: one connection for the operator and, while a hook runs, for the plugin.
//!
//! Opens the file and confines the connection. What the connection then offers is in
//! `connection.rs`, its transactions in `transaction.rs`, the guarded session in `session.rs`.

mod addition;
mod bounds;
mod connection;
mod error;
mod foreign_keys;
mod group;
mod guard;
mod judged;
mod lock;
mod mismatch;
mod objects;
mod outcome;
mod outside;
mod own;
mod raw;
mod session;
mod things;
mod transaction;
mod value;
mod virtual_table;
mod writer;

use super::{
    Access, BackendError, DatabaseUrl,
    connection::{Connector, SharedConnection},
    url::SqliteUrl,
};
use crate::session::SqlLimits;
use async_trait::async_trait;
use error::raw_host_error;
use guard::Guard;
use session::SqliteSession;
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const ROW_BUFFER: usize = 512;

/// Opens one database.
pub(super) struct SqliteConnector {
    url: String,
    access: Access,
    limits: SqlLimits,
    options: SqliteConnectOptions,
    in_memory: bool,
    has_to_exist: bool,
}

impl SqliteConnector {
    pub(super) fn new(
        url: &DatabaseUrl,
        access: Access,
        limits: SqlLimits,
    ) -> Result<Self, BackendError> {
        let file = url.sqlite()?;
        Ok(Self {
            url: url.to_string(),
            access,
            limits,
            options: options(file, access),
            in_memory: file.is_in_memory,
            has_to_exist: file.has_to_exist,
        })
    }

    async fn open(&self, options: SqliteConnectOptions) -> Result<SharedConnection, BackendError> {
        let failed = |error| self.connect_error(error);
        let mut connection = options.connect().await.map_err(failed)?;
        // Reading the first page shows whether this is a database at all.
        sqlx::query("SELECT count(*) FROM main.sqlite_schema")
            .persistent(false)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        let mut handle = connection.lock_handle().await.map_err(failed)?;
        if self.access != Access::Read && raw::is_read_only(&mut handle) {
            let reason = "the file or its folder does not permit writing".to_owned();
            return Err(BackendError::ReadOnlyFile { url: self.url.clone(), reason });
        }
        let file = raw::file_name(&mut handle);
        let bounds = raw::RawLimits {
            value_bytes_max: self.limits.value_bytes_max,
            sql_bytes_max: self.limits.sql_bytes_max,
        };
        // Reading runs no guest, so an application that only checks keeps its own memory limit.
        let heap = (self.access != Access::Read).then(|| raw::HeapBound::set(bounds));
        let guard = Arc::new(Guard::default());
        raw::confine(&mut handle, &guard, bounds).map_err(raw_host_error)?;
        drop(handle);
        let session = SqliteSession::new(connection, guard, self.limits, file, heap);
        Ok(Arc::new(Mutex::new(session)))
    }

    fn connect_error(&self, error: sqlx::Error) -> BackendError {
        let raw = error::raw(error);
        let url = self.url.clone();
        match raw.code & 0xff {
            libsqlite3_sys::SQLITE_NOTADB => BackendError::NotADatabase(url),
            libsqlite3_sys::SQLITE_CORRUPT => BackendError::Damaged { reason: raw.message },
            libsqlite3_sys::SQLITE_BUSY => BackendError::Busy(raw.message),
            libsqlite3_sys::SQLITE_READONLY => {
                BackendError::ReadOnlyFile { url, reason: raw.message }
            }
            _ => BackendError::Connect { url, reason: raw.message },
        }
    }
}

#[async_trait]
impl Connector for SqliteConnector {
    async fn connect(&self, create: bool) -> Result<Option<SharedConnection>, BackendError> {
        let no_file = |reason: &str| BackendError::Connect {
            url: self.url.clone(),
            reason: reason.to_owned(),
        };
        let options = self.options.clone();
        match (self.access, self.in_memory || options.get_filename().exists()) {
            (_, true) => {}
            (Access::Create | Access::Rehearse, false) if self.has_to_exist => {
                return Err(no_file("there is no such file, and `mode=rw` creates none"));
            }
            (Access::Create, false) if create => {}
            // The file is created only after everything that can be checked before was checked.
            (Access::Create, false) => {
                let folder = options.get_filename().parent().filter(|f| !f.as_os_str().is_empty());
                if folder.is_some_and(|folder| !folder.is_dir()) {
                    return Err(no_file("its folder does not exist"));
                }
                return Ok(None);
            }
            (Access::Rehearse, false) => {
                return self.open(options.filename("").in_memory(true)).await.map(Some);
            }
            (Access::Read, false) => return Ok(None),
            // A database that does not exist holds nothing to roll back, so the path is wrong.
            (Access::Write, false) => return Err(no_file("there is no such file")),
        }
        self.open(options).await.map(Some)
    }
}

fn options(url: &SqliteUrl, access: Access) -> SqliteConnectOptions {
    let mut options = SqliteConnectOptions::new()
        .filename(&url.file)
        .in_memory(url.is_in_memory)
        .read_only(url.is_read_only)
        .immutable(url.is_immutable)
        .create_if_missing(access == Access::Create)
        .foreign_keys(false)
        .pragma("query_only", if access == Access::Read { "ON" } else { "OFF" })
        .shared_cache(false)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROW_BUFFER)
        .disable_statement_logging();
    if let Some(vfs) = &url.vfs {
        options = options.vfs(vfs.clone());
    }
    options
}
