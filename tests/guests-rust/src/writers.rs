//! Many rows into one table: by rows, by columns, not to the end, and misused.

use super::{Cases, see, see_error};
use alteration_sdk::prelude::*;

pub(super) const CASES: Cases = &[
    ("writer_rows", rows),
    ("writer_columns", columns),
    ("writer_both", both),
    ("writer_of_nothing", of_nothing),
    ("writer_unfinished", unfinished),
    ("writer_forgotten_row", forgotten_row),
    ("writer_wrong_width", wrong_width),
    ("writer_wrong_columns", wrong_columns),
    ("writer_ragged", ragged),
    ("writer_unknown_column", unknown_column),
    ("writer_violation", violation),
];

fn writer(db: &Database) -> Result<BulkWriter> {
    db.bulk_writer("written", &["id", "label"])
}

fn told(db: &Database, finished: u64) -> Result<()> {
    see(db, "finished", finished)?;
    let sql = "SELECT count(*), count(label), sum(id) FROM written";
    let (rows, labels, sum): (i64, i64, Option<i64>) = db.query_one(sql, params![])?;
    see(db, "written", format_args!("{rows} {labels} {}", sum.unwrap_or_default()))
}

fn rows(db: &Database) -> Result<()> {
    let mut writer = writer(db)?;
    for id in 1..=2_500 {
        writer.write(params![id, (id % 2 == 0).then(|| format!("n{id}"))])?;
    }
    told(db, writer.finish()?)
}

fn columns(db: &Database) -> Result<()> {
    let mut writer = writer(db)?;
    let ids: Vec<i64> = (1..=2_500).collect();
    let labels: Vec<_> = ids.iter().map(|id| (id % 2 == 0).then(|| format!("n{id}"))).collect();
    writer.write_columns(&[ids.into(), labels.into()])?;
    told(db, writer.finish()?)
}

fn both(db: &Database) -> Result<()> {
    let mut writer = writer(db)?;
    writer.write(params![1, "row"])?;
    writer.write_columns(&[vec![2i64, 3].into(), vec!["column".to_owned(); 2].into()])?;
    writer.write(params![4, None::<String>])?;
    told(db, writer.finish()?)
}

fn of_nothing(db: &Database) -> Result<()> {
    let mut writer = writer(db)?;
    writer.write_columns(&[Vec::<i64>::new().into(), Vec::<String>::new().into()])?;
    told(db, writer.finish()?)
}

fn unfinished(db: &Database) -> Result<()> {
    writer(db)?.write(params![1, "never written"])
}

/// Written and never sent: the writer is dropped with it.
fn forgotten_row(db: &Database) -> Result<()> {
    let mut writer = writer(db)?;
    writer.write_columns(&[vec![1i64].into(), vec!["sent".to_owned()].into()])?;
    writer.write(params![2, "never sent"])
}

fn wrong_width(db: &Database) -> Result<()> {
    let mut writer = writer(db)?;
    writer.write(params![1, "a"])?;
    see_error(db, "narrow", writer.write(params![2]))?;
    see_error(db, "wide", writer.write(params![2, "b", 3]))?;
    told(db, writer.finish()?)
}

fn wrong_columns(db: &Database) -> Result<()> {
    let mut writer = writer(db)?;
    see_error(db, "one of two", writer.write_columns(&[vec![1i64].into()]))?;
    told(db, writer.finish()?)
}

fn ragged(db: &Database) -> Result<()> {
    let mut writer = writer(db)?;
    let columns = [vec![1i64, 2].into(), vec!["a".to_owned()].into()];
    see_error(db, "2 and 1", writer.write_columns(&columns))?;
    told(db, writer.finish()?)
}

fn unknown_column(db: &Database) -> Result<()> {
    db.bulk_writer("written", &["id", "nope"]).map(drop)
}

fn violation(db: &Database) -> Result<()> {
    let mut writer = writer(db)?;
    writer.write(params![1, "a"])?;
    writer.write(params![1, "b"])?;
    writer.finish().map(drop)
}
