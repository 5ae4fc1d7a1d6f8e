//! SQL as text: finding the lines that an error is about. No database, no I/O.

mod blank;
mod excerpt;

pub use blank::blank;
pub use excerpt::excerpt;
