//! Databases and histories of other tools: taken over as they are.

mod alike;
mod both_ways;
mod breakpoints;
mod confined;
mod cut;
mod deb;
mod foreign_keys;
mod history;
mod npm;
mod peer;
mod rebuild;

use alteration_test_support as support;
