//! Applies database alterations shipped by people you do not have to trust.

pub mod alteration;
pub mod backend;
mod crash;
pub mod escape;
mod operator;
pub mod session;
pub mod sql;
