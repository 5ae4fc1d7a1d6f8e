//! Kills while the server works.
