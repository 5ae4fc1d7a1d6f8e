//! Writes tables to a folder before they go: a file each, and `export.json`, which says how to read them back.
//!
//! `export.json` comes last, after all else is on the disk: a folder without it is no export. What cannot be written whole
//! is removed again.

use super::{Control, Losses};
use crate::{
    alteration::Dialect,
    backend::{Backend, BackendError, Export, ExportColumn, ExportFormat},
    error::Error,
    operator,
};
use serde::Serialize;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The file that says what the others are.
const INDEX: &str = "export.json";
/// Rows of customers are in it.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;
/// Bytes of a table's name that its file's name keeps.
const NAME_BYTES_MAX: usize = 80;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The folder.
    pub folder: PathBuf,
    /// How many tables are in it.
    pub tables: usize,
    /// How many rows are in it.
    pub rows: u64,
}

#[derive(Debug, Serialize)]
struct Index<'a> {
    database: &'a str,
    dialect: Dialect,
    at: String,
    null: &'static str,
    bytes: &'static str,
    times: &'static str,
    tables: Vec<Table>,
}

#[derive(Debug, Serialize)]
struct Table {
    table: String,
    file: String,
    format: ExportFormat,
    rows: u64,
    columns: Vec<ExportColumn>,
    restore: String,
}

/// Refuses a folder that has something in it.
pub(super) fn check_folder(folder: &Path) -> Result<(), Error> {
    let refused = |reason: String| Error::Export { folder: folder.to_owned(), reason };
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(refused("there is something in it already".to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// Writes every table that loses something.
pub(super) async fn write(
    folder: &Path,
    database: &str,
    losses: &Losses,
    backend: &mut Backend,
    control: &Control,
) -> Result<Exported, Error> {
    check_folder(folder)?;
    let mut written = Vec::new();
    let mut cancelled = control.cancelled.clone();
    let done = tokio::select! {
        done = write_all(folder, database, losses, backend, &mut written) => done,
        () = cancelled.cancelled() => Err(Error::Interrupted),
    };
    backend.abandon().await?;
    if done.is_err() {
        // A part of it looks like all of it.
        for path in &written {
            let _ = fs::remove_file(path);
        }
    }
    done
}

async fn write_all(
    folder: &Path,
    database: &str,
    losses: &Losses,
    backend: &mut Backend,
    written: &mut Vec<PathBuf>,
) -> Result<Exported, Error> {
    let failed =
        |error: io::Error| Error::Export { folder: folder.to_owned(), reason: error.to_string() };
    fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(failed)?;
    backend.begin_looking().await?;
    let mut tables = Vec::new();
    for (at, name) in losses.touched().into_iter().enumerate() {
        let unreadable = |error: BackendError| match error {
            BackendError::Database(reason) => {
                let reason = format!("the table {name} cannot be read: {reason}");
                Error::Export { folder: folder.to_owned(), reason }
            }
            other => other.into(),
        };
        let export = backend.export_of(name).await.map_err(unreadable)?;
        let file = file_name(at + 1, name, export.format);
        let path = folder.join(&file);
        let mut open = create(&path).map_err(failed)?;
        written.push(path);
        let rows = write_table(&export, &mut open, backend).await;
        let rows = rows.map_err(unreadable)?.map_err(failed)?;
        let restore = export.restored_from(&file);
        let table = name.to_owned();
        tables.push(Table {
            table,
            file,
            format: export.format,
            rows,
            columns: export.columns,
            restore,
        });
    }
    let exported = Exported {
        folder: folder.to_owned(),
        tables: tables.len(),
        rows: tables.iter().map(|table| table.rows).sum(),
    };
    let dialect = backend.dialect();
    let index = Index {
        database,
        dialect,
        at: operator::now(),
        null: match dialect {
            Dialect::Postgresql => "a field with nothing in it; an empty text is \"\"",
            _ => "NULL",
        },
        bytes: match dialect {
            Dialect::Postgresql => "\\x and hexadecimal digits",
            _ => "x'' with hexadecimal digits; _utf8mb4 x'' is a text",
        },
        times: "instants are in UTC",
        tables,
    };
    let path = folder.join(INDEX);
    let mut open = create(&path).map_err(failed)?;
    written.push(path);
    let text = serde_json::to_vec_pretty(&index).map_err(|error| failed(error.into()))?;
    open.write_all(&text).and_then(|()| finish(open)).map_err(failed)?;
    let synced = File::open(folder).and_then(|open| open.sync_all());
    synced.map_err(failed)?;
    Ok(exported)
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path).map(BufWriter::new)
}

fn finish(open: BufWriter<File>) -> io::Result<()> {
    open.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// The rows that were written and are on the disk.
async fn write_table(
    export: &Export,
    open: &mut BufWriter<File>,
    backend: &mut Backend,
) -> Result<io::Result<u64>, BackendError> {
    let mut written = open.write_all(export.head.as_bytes());
    let mut rows = 0;
    let mut line = |bytes: &[u8]| {
        if written.is_ok() {
            written = open.write_all(bytes);
            rows += 1;
        }
    };
    backend.export(export, &mut line).await?;
    let ended = written.and_then(|()| open.flush()).and_then(|()| open.get_ref().sync_all());
    Ok(ended.map(|()| rows))
}

/// A name that means a file in the folder, whatever the table is called.
fn file_name(number: usize, table: &str, format: ExportFormat) -> String {
    let mut name: String = table
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
        .collect();
    name.truncate(NAME_BYTES_MAX);
    format!("{number:03}-{name}.{}", format.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_cannot_leave_the_folder() {
        let table = [
            ("notes", "001-notes.sql"),
            ("public.\"a/b\"", "001-public__a_b_.sql"),
            ("../../etc/passwd", "001-______etc_passwd.sql"),
            ("é\0'", "001-___.sql"),
        ];
        for (name, file) in table {
            assert_eq!(file_name(1, name, ExportFormat::Sql), file);
        }
        assert!(file_name(1, &"é".repeat(500), ExportFormat::Csv).len() < 100);
    }
}
