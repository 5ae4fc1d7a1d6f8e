//! Databases and histories of other tools: taken over as they are.

mod baseline;
mod place;
#[path = "../support/mod.rs"]
mod support;
