//! Writes every sort of column, with nulls, and reads it back by columns. It succeeds, with nothing
//! changed on the way.

use alteration_sdk::prelude::*;

const ROWS: i64 = 10_000;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE columns_round_trip (i INTEGER, f REAL, t TEXT, b BLOB)", params![])?;
    let every_third = |row: i64| row % 3 != 0;
    let integers: Vec<_> = (0..ROWS).map(|row| every_third(row).then_some(-row)).collect();
    let floats: Vec<_> =
        (0..ROWS).map(|row| every_third(row + 1).then_some(row as f64 / 4.0)).collect();
    let texts: Vec<_> =
        (0..ROWS).map(|row| every_third(row + 2).then(|| format!("ü\0{row}'\""))).collect();
    let bytes: Vec<_> = (0..ROWS).map(|row| Value::Bytes(row.to_le_bytes().to_vec())).collect();

    let mut writer = db.bulk_writer("columns_round_trip", &["i", "f", "t", "b"])?;
    writer.write_columns(&[
        integers.clone().into(),
        floats.clone().into(),
        texts.clone().into(),
        bytes.clone().into(),
    ])?;
    crate::expect("rows written", writer.finish()?, ROWS as u64)?;

    let cursor =
        db.cursor("SELECT i, f, t, b FROM columns_round_trip ORDER BY rowid", params![])?;
    let (mut i, mut f, mut t, mut b) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    while let Some(mut batch) = cursor.next_batch(777)? {
        let column: Vec<Option<i64>> = batch.take(0)?;
        crate::expect("a batch larger than asked for", column.len() > 777, false)?;
        i.extend(column);
        f.extend(batch.take::<Option<f64>>(1)?);
        t.extend(batch.take::<Option<String>>(2)?);
        b.extend(batch.take::<Value>(3)?);
    }
    crate::expect("integers", i == integers, true)?;
    crate::expect("floats", f == floats, true)?;
    crate::expect("texts", t == texts, true)?;
    crate::expect("bytes", b == bytes, true)
}
