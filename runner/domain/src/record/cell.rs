//! One value of the runner's own tables, as every database can hold it.

/// A parameter or a column of one of the runner's own statements. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Cell {
    /// A number; one that 64 bits with a sign cannot hold becomes the largest that they can.
    pub fn integer(value: impl TryInto<i64>) -> Self {
        Self::Integer(Some(value.try_into().unwrap_or(i64::MAX)))
    }

    pub fn text(text: impl ToString) -> Self {
        Self::Text(Some(text.to_string()))
    }
}
