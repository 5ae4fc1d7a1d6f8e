//! What alterations are, what is recorded of them, and which would run: data and decisions, without I/O.
//!
//! ```text
//! alteration   ids, versions, manifests, checksums
//! section      the manifest inside of a component's bytes
//! component    a file of a plugin: its name and its bytes -> what it declares
//! lock_file    what an operator pinned, and what is otherwise than that
//! session      what a hook can do to a database: a trait, and the values that pass through it
//! record       what the runner's own tables say
//! plan         alteration + record -> what would run, and why
//! ```
//!
//! Knows no driver, no runtime, no clock and no WebAssembly engine, so that an application can embed it. Internal to
//! the runner: the API is not stable.

pub mod alteration;
pub mod component;
pub mod escape;
pub mod lock_file;
pub mod plan;
pub mod record;
pub mod secret;
pub mod section;
pub mod session;
