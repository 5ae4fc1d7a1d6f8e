//! Cursors: a result is read to its end when a cursor opens, and kept outside of the database.
//!
//! The server has no cursor that outlives a commit, and a temporary table there would lose the
//! order and change types. So the rows wait in memory, beyond a bound in an unnamed temporary file
//! that ends with the process.

use super::value::Stamps;
use crate::session::{Column, ErrorKind, ResultLimit, Row, SqlError, Value};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use tempfile::SpooledTempFile;

/// The largest snapshot that stays in memory.
const MEMORY_BYTES_MAX: usize = 1 << 20;
/// The largest snapshot at all: it is on the operator's disk.
const FILE_BYTES_MAX: u64 = 4 << 30;

/// Rows that are still being read.
#[derive(Debug)]
pub(super) struct Snapshot {
    file: SpooledTempFile,
    bytes: u64,
    rows: u64,
    buffer: Vec<u8>,
}

/// An open cursor.
#[derive(Debug)]
pub(super) struct Cursor {
    file: BufReader<SpooledTempFile>,
    width: usize,
    stamps: Stamps,
    rows_left: u64,
    /// A row that was read and did not fit into the last batch.
    held_back: Option<Row>,
}

impl Snapshot {
    pub(super) fn new() -> Self {
        Self { file: SpooledTempFile::new(MEMORY_BYTES_MAX), bytes: 0, rows: 0, buffer: Vec::new() }
    }

    /// Error: `Limit`, when it becomes too large or the disk is full.
    pub(super) fn push(&mut self, row: &Row) -> Result<(), SqlError> {
        self.buffer.clear();
        for value in row {
            encode(&mut self.buffer, value);
        }
        self.bytes += self.buffer.len() as u64;
        if self.bytes > FILE_BYTES_MAX {
            return Err(SqlError::new(
                ErrorKind::Limit,
                format!(
                    "the cursor's result has more than {FILE_BYTES_MAX} bytes; read it in parts"
                ),
            ));
        }
        self.rows += 1;
        self.file.write_all(&self.buffer).map_err(|error| failed(&error))
    }

    pub(super) fn finish(self, columns: &[Column], stamps: Stamps) -> Result<Cursor, SqlError> {
        let Self { mut file, rows, .. } = self;
        file.seek(SeekFrom::Start(0)).map_err(|error| failed(&error))?;
        Ok(Cursor {
            file: BufReader::new(file),
            width: columns.len(),
            stamps,
            rows_left: rows,
            held_back: None,
        })
    }
}

impl Cursor {
    /// Returns the next rows within `limit`; none at the end. Error: `Limit`, when one row alone is too large.
    pub(super) fn fetch(&mut self, limit: ResultLimit) -> Result<Vec<Row>, SqlError> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < limit.rows_max {
            let Some(row) = self.next_row()? else { break };
            bytes += crate::backend::size::of_row(&row);
            if bytes > limit.bytes_max {
                if rows.is_empty() {
                    return Err(SqlError::new(
                        ErrorKind::Limit,
                        format!("one row has more than {} bytes", limit.bytes_max),
                    ));
                }
                self.held_back = Some(row);
                break;
            }
            rows.push(row);
        }
        Ok(rows)
    }

    fn next_row(&mut self) -> Result<Option<Row>, SqlError> {
        if let Some(row) = self.held_back.take() {
            return Ok(Some(row));
        }
        if self.rows_left == 0 {
            return Ok(None);
        }
        self.rows_left -= 1;
        let row = (0..self.width).map(|_| decode(&mut self.file)).collect::<Result<_, _>>();
        let mut row: Row = row.map_err(|error| failed(&error))?;
        self.stamps.convert(&mut row)?;
        Ok(Some(row))
    }
}

fn failed(error: &std::io::Error) -> SqlError {
    SqlError::new(ErrorKind::Limit, format!("the cursor's rows cannot be kept: {error}"))
}

/// Encodes a value: one byte for the case, then its content. The format never leaves this process.
fn encode(buffer: &mut Vec<u8>, value: &Value) {
    let mut put = |tag: u8, bytes: &[u8]| {
        buffer.push(tag);
        buffer.extend((bytes.len() as u64).to_le_bytes());
        buffer.extend(bytes);
    };
    match value {
        Value::Null => put(0, &[]),
        Value::Boolean(value) => put(1, &[u8::from(*value)]),
        Value::Int64(value) => put(2, &value.to_le_bytes()),
        Value::BigInteger(text) => put(3, text.as_bytes()),
        Value::Float64(value) => put(4, &value.to_bits().to_le_bytes()),
        Value::Decimal(text) => put(5, text.as_bytes()),
        Value::Text(text) => put(6, text.as_bytes()),
        Value::Bytes(bytes) => put(7, bytes),
        Value::Date(text) => put(8, text.as_bytes()),
        Value::Time(text) => put(9, text.as_bytes()),
        Value::Timestamp(text) => put(10, text.as_bytes()),
        Value::Timestamptz(text) => put(11, text.as_bytes()),
        Value::Uuid(text) => put(12, text.as_bytes()),
        Value::Json(text) => put(13, text.as_bytes()),
        Value::Other { type_name, text } => {
            put(14, type_name.as_bytes());
            put(6, text.as_bytes());
        }
    }
}

fn decode(from: &mut impl Read) -> Result<Value, std::io::Error> {
    let (tag, bytes) = part(from)?;
    let wrong = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let eight = |bytes: &[u8]| <[u8; 8]>::try_from(bytes).map_err(|_| wrong());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| wrong());
    Ok(match tag {
        0 => Value::Null,
        1 => Value::Boolean(bytes.first().is_some_and(|byte| *byte != 0)),
        2 => Value::Int64(i64::from_le_bytes(eight(&bytes)?)),
        3 => Value::BigInteger(text(bytes)?),
        4 => Value::Float64(f64::from_bits(u64::from_le_bytes(eight(&bytes)?))),
        5 => Value::Decimal(text(bytes)?),
        6 => Value::Text(text(bytes)?),
        7 => Value::Bytes(bytes),
        8 => Value::Date(text(bytes)?),
        9 => Value::Time(text(bytes)?),
        10 => Value::Timestamp(text(bytes)?),
        11 => Value::Timestamptz(text(bytes)?),
        12 => Value::Uuid(text(bytes)?),
        13 => Value::Json(text(bytes)?),
        14 => Value::Other { type_name: text(bytes)?, text: text(part(from)?.1)? },
        _ => return Err(wrong()),
    })
}

fn part(from: &mut impl Read) -> Result<(u8, Vec<u8>), std::io::Error> {
    let mut head = [0; 9];
    from.read_exact(&mut head)?;
    let [tag, length @ ..] = head;
    let mut bytes = Vec::new();
    let length = u64::from_le_bytes(length);
    from.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length {
        Ok((tag, bytes))
    } else {
        Err(std::io::ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(count: usize) -> Vec<Column> {
        vec![Column { name: "c".to_owned(), type_name: String::new() }; count]
    }

    #[test]
    fn every_value_comes_back() {
        let text = |text: &str| text.to_owned();
        let row = vec![
            Value::Null,
            Value::Boolean(true),
            Value::Int64(-5),
            Value::BigInteger(text("18446744073709551615")),
            Value::Float64(-0.0),
            Value::Decimal(text("1.50")),
            Value::Text(text("\u{1f600}\0")),
            Value::Bytes(vec![0, 255]),
            Value::Date(text("0000-00-00")),
            Value::Time(text("-838:59:59")),
            Value::Timestamp(text("2024-02-29 01:02:03")),
            Value::Timestamptz(text("2024-02-29 01:02:03Z")),
            Value::Uuid(text("u")),
            Value::Json(text("{}")),
            Value::Other { type_name: text("set"), text: text("a,b") },
        ];
        let mut snapshot = Snapshot::new();
        snapshot.push(&row).expect("kept");
        let mut cursor = snapshot.finish(&columns(row.len()), Stamps::none()).expect("opens");
        let limit = ResultLimit { rows_max: 10, bytes_max: 1 << 20 };
        assert_eq!(cursor.fetch(limit).expect("reads"), [row]);
        assert!(cursor.fetch(limit).expect("reads").is_empty());
    }

    #[test]
    fn rows_that_do_not_fit_come_next_from_a_file_too() {
        let mut snapshot = Snapshot::new();
        let long = |n: i64| vec![Value::Int64(n), Value::Text("x".repeat(MEMORY_BYTES_MAX / 2))];
        (0..5).for_each(|n| snapshot.push(&long(n)).expect("kept"));
        assert!(snapshot.file.is_rolled());
        let mut cursor = snapshot.finish(&columns(2), Stamps::none()).expect("opens");
        let limit = ResultLimit { rows_max: 10, bytes_max: MEMORY_BYTES_MAX + 1_000 };
        let mut read = Vec::new();
        loop {
            let rows = cursor.fetch(limit).expect("reads");
            assert!(rows.len() <= 2);
            if rows.is_empty() {
                break;
            }
            read.extend(rows);
        }
        assert_eq!(read, (0..5).map(long).collect::<Vec<_>>());
    }

    #[test]
    fn one_row_must_fit() {
        let mut snapshot = Snapshot::new();
        snapshot.push(&vec![Value::Text("x".repeat(1_000))]).expect("kept");
        let mut cursor = snapshot.finish(&columns(1), Stamps::none()).expect("opens");
        let error = cursor.fetch(ResultLimit { rows_max: 1, bytes_max: 100 }).expect_err("large");
        assert_eq!(error.kind, ErrorKind::Limit);
    }
}
