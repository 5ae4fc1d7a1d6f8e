//! Applies database alterations shipped by people you do not have to trust.

pub mod alteration;
pub mod backend;
mod crash;
pub mod escape;
pub mod host;
mod operator;
pub mod pack;
pub mod plan;
pub mod session;
pub mod sql;
