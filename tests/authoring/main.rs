//! What an author does, from nothing to a component that deploys: each language's project is made by
//! `runner new`, built with the one command that its README names, deployed and rolled back.

mod js;
mod project;
mod python;
mod rust;
mod sql;
mod story;
#[path = "../support/mod.rs"]
mod support;
