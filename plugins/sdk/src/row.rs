//! Rows as the author sees them: `Row`, and `FromRow` for tuples and structs.
//!
//! Does not fetch anything; `database` and `cursor` do.

use crate::{
    error::{Context, Error, Result},
    from_value::FromValue,
    raw::types::{Column, Value},
};
use std::{mem, rc::Rc};

/// One row of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    columns: Rc<[Column]>,
    values: Vec<Value>,
}

impl Row {
    pub(crate) fn new(columns: &Rc<[Column]>, values: Vec<Value>) -> Self {
        Self { columns: columns.clone(), values }
    }

    /// The columns of the result.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The values, in the order of the columns.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// Takes a value out of the row by its position, from 0; a second time it is null.
    pub fn take<T: FromValue>(&mut self, index: usize) -> Result<T> {
        let count = self.values.len();
        let value = self.values.get_mut(index).ok_or_else(|| {
            Error::conversion(format_args!("no column {index}: the row has {count}"))
        })?;
        T::from_value(mem::replace(value, Value::Null))
            .context(format_args!("column `{}`", self.columns.get(index).map_or("", |c| &c.name)))
    }

    /// Takes a value out of the row by its column's name, which no other column may have.
    pub fn take_named<T: FromValue>(&mut self, name: &str) -> Result<T> {
        self.take(position(&self.columns, name)?)
    }
}

/// The position of the only column called `name`.
pub(crate) fn position(columns: &[Column], name: &str) -> Result<usize> {
    let mut found = columns.iter().enumerate().filter(|(_, column)| column.name == name);
    match (found.next(), found.next()) {
        (Some((index, _)), None) => Ok(index),
        (Some(_), Some(_)) => Err(Error::conversion(format_args!(
            "two columns of the result are called `{name}`: rename one with AS"
        ))),
        (None, _) => Err(Error::conversion(format_args!("no column `{name}` in the result"))),
    }
}

/// A type that a whole row can become.
///
/// Implemented for tuples, for a single value ([`FromValue`]), for [`Row`] and for `Vec<Value>`.
/// For a struct:
///
/// ```
/// use alteration_sdk::{FromRow, Result, Row};
///
/// struct Customer { id: i64, email: Option<String> }
///
/// impl FromRow for Customer {
///     fn from_row(mut row: Row) -> Result<Self> {
///         Ok(Self { id: row.take_named("id")?, email: row.take_named("email")? })
///     }
/// }
/// ```
pub trait FromRow: Sized {
    /// Converts, or says which column is not as expected.
    fn from_row(row: Row) -> Result<Self>;
}

impl FromRow for Row {
    fn from_row(row: Row) -> Result<Self> {
        Ok(row)
    }
}

impl FromRow for Vec<Value> {
    fn from_row(row: Row) -> Result<Self> {
        Ok(row.into_values())
    }
}

impl<T: FromValue> FromRow for T {
    fn from_row(row: Row) -> Result<Self> {
        <(T,)>::from_row(row).map(|(value,)| value)
    }
}

macro_rules! tuples {
    ($($name:ident $index:tt)*; $($rest_name:ident $rest_index:tt)*) => {
        tuples!(@impl $($name $index)*);
        tuples!(@next $($name $index)*; $($rest_name $rest_index)*);
    };
    (@next $($name:ident $index:tt)*;) => {};
    (@next $($name:ident $index:tt)*; $next:ident $next_index:tt $($rest:tt)*) => {
        tuples!($($name $index)* $next $next_index; $($rest)*);
    };
    (@impl $($name:ident $index:tt)*) => {
        impl<$($name: FromValue),*> FromRow for ($($name,)*) {
            fn from_row(mut row: Row) -> Result<Self> {
                let expected = [$($index),*].len();
                if row.values.len() != expected {
                    return Err(Error::conversion(format_args!(
                        "expected {expected} columns, found {}",
                        row.values.len()
                    )));
                }
                Ok(($(row.take::<$name>($index)?,)*))
            }
        }
    };
}

tuples!(A 0; B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11);

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[Value]) -> Row {
        let column = |i: usize| Column { name: format!("c{i}"), type_name: String::new() };
        let columns: Rc<[Column]> = (0..values.len()).map(column).collect();
        Row::new(&columns, values.to_owned())
    }

    #[test]
    fn tuples() {
        let two = || row(&[Value::Int64(1), Value::Null]);
        assert_eq!(FromRow::from_row(two()), Ok((1u8, None::<String>)));
        let wrong = <(i64, String)>::from_row(two()).unwrap_err();
        assert_eq!(wrong.message(), "column `c1`: expected text, found null");
        let narrow = <(i64,)>::from_row(two()).unwrap_err();
        assert_eq!(narrow.message(), "expected 1 columns, found 2");
        assert_eq!(i64::from_row(row(&[Value::Int64(7)])), Ok(7));
        assert_eq!(Vec::<Value>::from_row(two()).unwrap(), [Value::Int64(1), Value::Null]);
        let twelve = row(&vec![Value::Int64(1); 12]);
        type Twelve = (i8, i8, i8, i8, i8, i8, i8, i8, i8, i8, i8, i8);
        assert_eq!(Twelve::from_row(twelve).unwrap().11, 1);
    }

    #[test]
    fn by_name() {
        let mut row = row(&[Value::Int64(1), Value::Text("x".into())]);
        assert_eq!(row.take_named("c1"), Ok("x".to_owned()));
        let unknown = row.take_named::<i64>("c2").unwrap_err();
        assert_eq!(unknown.message(), "no column `c2` in the result");
        assert_eq!(row.take::<i64>(2).unwrap_err().message(), "no column 2: the row has 2");
        let doubled =
            ["id", "id"].map(|name| Column { name: name.into(), type_name: String::new() });
        let twice = position(&doubled, "id").unwrap_err();
        assert_eq!(
            twice.message(),
            "two columns of the result are called `id`: rename one with AS"
        );
    }
}
