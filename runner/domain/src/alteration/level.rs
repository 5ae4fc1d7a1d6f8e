//! How far an operator trusts a plugin.

/// How far the operator trusts a plugin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Level {
    /// The operator's rights, with everything refused that reaches beyond the database.
    #[default]
    Guarded,
    /// The operator's own product: it may also decide who its session is, and set what holds for the server.
    Trusted,
}
