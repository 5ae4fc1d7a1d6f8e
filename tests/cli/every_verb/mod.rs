//! What holds for every verb: how it is told where to work, what it says of it, and what it never shows.

mod databases;
mod escapes;
mod places;
mod secrets;
mod state;
mod story;
mod usage;
