//! Applies database alterations shipped by people you do not have to trust.

pub mod alteration;
pub mod escape;
pub mod pack;
