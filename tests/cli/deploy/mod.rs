//! `deploy`: files, plans, databases, servers and operators as they may be, and what is left behind each time.

mod apart;
mod begun;
mod block_limit;
mod components;
mod confirm;
mod creates;
pub mod dialects;
mod disk;
mod drafts;
mod files;
mod foreign_keys;
mod halted;
mod handed;
mod judged;
mod keys;
mod manifests;
mod mended;
mod outside;
mod rehearsal;
mod replaces;
mod rights;
mod settings;
mod signals;
mod sqlite;
mod terminal;
mod trust;
mod versions;
