//! Cursors: results of any size, in batches by rows or by columns.
//!
//! By columns costs half as much a row, because text and numbers cross the boundary in lists of one
//! type.

use crate::{
    error::{Context, Error, Result},
    from_value::FromValue,
    raw::{
        self,
        types::{Column, ColumnData, Value},
    },
    row::{FromRow, Row, position},
};
use std::{marker::PhantomData, mem, rc::Rc, vec};

/// Large enough that the crossing costs little, small enough that wide rows fit into a guest's
/// memory.
const ROWS_A_FETCH: u32 = 1000;

/// An open query. Closed when dropped.
#[derive(Debug)]
pub struct Cursor {
    raw: raw::database::Cursor,
    columns: Rc<[Column]>,
}

impl Cursor {
    pub(crate) fn new(raw: raw::database::Cursor) -> Self {
        let columns = raw.columns().into();
        Self { raw, columns }
    }

    /// The columns of the result.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The next rows, at least one and at most `rows_max`, which is not 0; none at the end.
    pub fn next_rows<T: FromRow>(&self, rows_max: u32) -> Result<Vec<T>> {
        at_least_one(rows_max)?;
        let rows = self.raw.next(rows_max)?;
        rows.into_iter().map(|values| T::from_row(Row::new(&self.columns, values))).collect()
    }

    /// Every row, fetched in batches.
    ///
    /// ```
    /// # use alteration_sdk::prelude::*;
    /// # fn hook(db: &Database) -> Result<()> {
    /// let cursor = db.cursor("SELECT id, email FROM customers", params![])?;
    /// for row in cursor.rows::<(i64, Option<String>)>() {
    ///     let (id, email) = row?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn rows<T: FromRow>(self) -> Rows<T> {
        Rows { cursor: self, batch: Vec::new().into_iter(), ended: false, row: PhantomData }
    }

    /// The next rows by column, at least one and at most `rows_max`, which is not 0; `None` at the end.
    ///
    /// ```
    /// # use alteration_sdk::prelude::*;
    /// # fn hook(db: &Database) -> Result<()> {
    /// let cursor = db.cursor("SELECT id, email FROM customers", params![])?;
    /// while let Some(mut batch) = cursor.next_batch(5000)? {
    ///     let ids: Vec<i64> = batch.take(0)?;
    ///     let emails: Vec<Option<String>> = batch.take(1)?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn next_batch(&self, rows_max: u32) -> Result<Option<Batch>> {
        at_least_one(rows_max)?;
        let data = self.raw.next_columns(rows_max)?;
        Ok((!data.is_empty()).then(|| Batch { columns: self.columns.clone(), data }))
    }
}

fn at_least_one(rows_max: u32) -> Result<()> {
    match rows_max {
        0 => Err(Error::conversion("a batch of 0 rows: `rows_max` is 1 or more")),
        _ => Ok(()),
    }
}

/// The rows of a [`Cursor`]. Ends after the first error.
#[derive(Debug)]
pub struct Rows<T> {
    cursor: Cursor,
    batch: vec::IntoIter<Vec<Value>>,
    ended: bool,
    row: PhantomData<fn() -> T>,
}

impl<T: FromRow> Iterator for Rows<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.batch.len() == 0 && !self.ended {
            match self.cursor.raw.next(ROWS_A_FETCH) {
                Ok(rows) => self.batch = rows.into_iter(),
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error.into()));
                }
            }
            self.ended = self.batch.len() == 0;
        }
        let row = T::from_row(Row::new(&self.cursor.columns, self.batch.next()?));
        if row.is_err() {
            self.ended = true;
            self.batch = Vec::new().into_iter();
        }
        Some(row)
    }
}

/// Some rows of a [`Cursor`], by column.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    columns: Rc<[Column]>,
    data: Vec<ColumnData>,
}

impl Batch {
    /// Takes a column out of the batch by its position, from 0; a second time it is empty.
    pub fn take<T: FromValue>(&mut self, index: usize) -> Result<Vec<T>> {
        let count = self.data.len();
        let data = self.data.get_mut(index).ok_or_else(|| {
            Error::conversion(format_args!("no column {index}: the batch has {count}"))
        })?;
        values(mem::replace(data, ColumnData::Mixed(Vec::new())))
            .context(format_args!("column `{}`", self.columns.get(index).map_or("", |c| &c.name)))
    }

    /// Takes a column out of the batch by its name, which no other column may have.
    pub fn take_named<T: FromValue>(&mut self, name: &str) -> Result<Vec<T>> {
        self.take(position(&self.columns, name)?)
    }

    /// The columns as they came.
    pub fn into_columns(self) -> Vec<ColumnData> {
        self.data
    }
}

fn values<T: FromValue>(data: ColumnData) -> Result<Vec<T>> {
    fn all<T: FromValue, V>(values: Vec<Option<V>>, case: fn(V) -> Value) -> Result<Vec<T>> {
        values.into_iter().map(|value| T::from_value(value.map_or(Value::Null, case))).collect()
    }
    match data {
        ColumnData::Int64(values) => all(values, Value::Int64),
        ColumnData::Float64(values) => all(values, Value::Float64),
        ColumnData::Text(values) => all(values, Value::Text),
        ColumnData::Mixed(values) => values.into_iter().map(T::from_value).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_into_types() {
        let column = |name: &str| Column { name: name.to_owned(), type_name: String::new() };
        let mut batch = Batch {
            columns: [column("id"), column("email"), column("any")].into(),
            data: vec![
                vec![1i64, 2].into(),
                vec![Some("a".to_owned()), None].into(),
                vec![Value::Boolean(true), Value::Float64(0.5)].into(),
            ],
        };
        assert_eq!(batch.take(0), Ok(vec![1u32, 2]));
        assert_eq!(batch.clone().take(1), Ok(vec![Some("a".to_owned()), None]));
        let null = batch.take::<String>(1).unwrap_err();
        assert_eq!(null.message(), "column `email`: expected text, found null");
        assert_eq!(batch.take(2), Ok(vec![Value::Boolean(true), Value::Float64(0.5)]));
        assert!(batch.take::<Value>(3).is_err());
        assert_eq!(
            batch.clone().take_named::<i64>("nope").unwrap_err().message(),
            "no column `nope` in the result"
        );
        assert_eq!(batch.clone().take_named::<Value>("any"), Ok(vec![]));
        assert_eq!(batch.take::<i64>(0), Ok(vec![]));
    }
}
