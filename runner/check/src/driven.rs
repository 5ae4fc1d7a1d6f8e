//! What can go wrong where an adapter sends the queries, by what went wrong in the driver.

use crate::QueriesError;

/// Why a check over a driver has no answer; `E` is the driver's error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError<E: std::error::Error + 'static> {
    /// The database did not answer a query; the driver's words are part of the message.
    #[error("the recorded alterations cannot be read: {0}")]
    Driver(E),
    #[error(transparent)]
    Queries(#[from] QueriesError),
    /// A database that the runner does not work with.
    #[error("{0} is no database that alterations are deployed to")]
    Unsupported(&'static str),
}
