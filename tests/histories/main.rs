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

use alteration_test_support as support;
