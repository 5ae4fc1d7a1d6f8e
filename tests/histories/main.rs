//! Databases and histories of other tools: taken over as they are.

mod alike;
mod baseline;
mod both_ways;
mod breakpoints;
mod cut;
mod deb;
mod history;
mod ledgers;
mod npm;
mod peer;
mod place;
mod rebuild;
mod registries;
#[path = "../support/mod.rs"]
mod support;
