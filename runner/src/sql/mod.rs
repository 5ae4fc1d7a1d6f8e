//! SQL as text: finding the lines that an error is about. No database, no I/O.

mod excerpt;

pub use excerpt::excerpt;
