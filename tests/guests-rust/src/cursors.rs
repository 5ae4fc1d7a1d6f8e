//! Results of any size: by rows, by columns, given up, and misused.

use super::{Cases, see, see_error};
use alteration_sdk::prelude::*;

pub(super) const CASES: Cases = &[
    ("cursor_rows", rows),
    ("cursor_batches", batches),
    ("cursor_columns", columns),
    ("cursor_of_nothing", of_nothing),
    ("cursor_ended", ended),
    ("cursor_forgotten", forgotten),
    ("cursor_closed", closed),
    ("cursor_many", many),
    ("cursor_while_writing", while_writing),
    ("cursor_no_such_column", no_such_column),
    ("cursor_no_rows_a_batch", no_rows_a_batch),
    ("cursor_wrong_statement", wrong_statement),
    ("cursor_wrong_type", wrong_type),
];

const ITEMS: &str = "SELECT id, label, size FROM items ORDER BY id";

fn items(db: &Database) -> Result<Cursor> {
    db.cursor(ITEMS, params![])
}

fn small(db: &Database) -> Result<Cursor> {
    db.cursor("SELECT 1 UNION ALL SELECT 2", params![])
}

fn rows(db: &Database) -> Result<()> {
    let (mut sum, mut nulls) = (0, 0);
    for row in items(db)?.rows::<(i64, Option<String>, f64)>() {
        let (id, label, size) = row?;
        if size != id as f64 / 2.0 {
            return Err(format!("{size} is not half of {id}").into());
        }
        sum += id;
        nulls += i64::from(label.is_none());
    }
    see(db, "sum", sum)?;
    see(db, "nulls", nulls)
}

fn batches(db: &Database) -> Result<()> {
    let cursor = items(db)?;
    let (mut lengths, mut sum, mut nulls) = (Vec::new(), 0, 0);
    while let Some(mut batch) = cursor.next_batch(1_000)? {
        let ids: Vec<i64> = batch.take(0)?;
        lengths.push(ids.len().to_string());
        sum += ids.iter().sum::<i64>();
        nulls +=
            batch.take_named::<Option<String>>("label")?.iter().filter(|l| l.is_none()).count();
    }
    see(db, "lengths", lengths.join(" "))?;
    see(db, "sum", sum)?;
    see(db, "nulls", nulls)
}

fn columns(db: &Database) -> Result<()> {
    let cursor = db.cursor("SELECT id, label, 1 AS one FROM items", params![])?;
    let columns = cursor.columns().iter();
    let told: Vec<_> =
        columns.map(|column| format!("{}:{}", column.name, column.type_name)).collect();
    see(db, "columns", told.join(" "))
}

fn of_nothing(db: &Database) -> Result<()> {
    let sql = "SELECT id FROM items WHERE id = 0";
    see(db, "rows", db.cursor(sql, params![])?.rows::<i64>().count())?;
    see(db, "batches", usize::from(db.cursor(sql, params![])?.next_batch(5)?.is_some()))
}

fn ended(db: &Database) -> Result<()> {
    let cursor = items(db)?;
    while !cursor.next_rows::<Row>(5_000)?.is_empty() {}
    see(db, "rows after the end", cursor.next_rows::<Row>(1)?.len())
}

/// Never dropped, and half read.
fn forgotten(db: &Database) -> Result<()> {
    let cursor = items(db)?;
    see(db, "first", cursor.next_rows::<(i64, Option<String>, f64)>(1)?[0].0)?;
    std::mem::forget(cursor);
    Ok(())
}

fn closed(db: &Database) -> Result<()> {
    for _ in 0..2_000 {
        small(db)?.next_rows::<Row>(1)?;
    }
    see(db, "opened", 2_000)
}

fn many(db: &Database) -> Result<()> {
    let cursors: Result<Vec<_>> = (0..2_000).map(|_| small(db)).collect();
    cursors.map(drop)
}

fn while_writing(db: &Database) -> Result<()> {
    let mut count = 0;
    for id in db.cursor("SELECT id FROM items", params![])?.rows::<i64>() {
        db.execute("INSERT INTO items (id) VALUES (?)", params![id? + 100_000])?;
        count += 1;
    }
    see(db, "read", count)
}

fn no_such_column(db: &Database) -> Result<()> {
    let mut batch = items(db)?.next_batch(1)?.ok_or("no batch")?;
    see_error(db, "by name", batch.take_named::<Value>("nope"))?;
    see_error(db, "by position", batch.take::<Value>(3))
}

fn no_rows_a_batch(db: &Database) -> Result<()> {
    see_error(db, "0 rows", items(db)?.next_batch(0))
}

fn wrong_statement(db: &Database) -> Result<()> {
    db.cursor("SELEC 1", params![]).map(drop)
}

/// Text where a number is wanted: in Rust alone a row has types.
fn wrong_type(db: &Database) -> Result<()> {
    let row = db.cursor("SELECT label FROM items WHERE id = 2", params![])?.rows::<i64>().next();
    see_error(db, "text", row.ok_or("no row")?)
}
