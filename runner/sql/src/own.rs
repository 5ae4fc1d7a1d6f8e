//! The runner's own tables, which no alteration may name.

use super::{names::runs, view::View};
use std::collections::BTreeSet;

pub use alteration_domain::record::tables::OWN_TABLES;

/// Ends of the names that PostgreSQL gives to what belongs to a table.
const BELONGINGS: [&str; 6] = ["_pkey", "_key", "_seq", "_idx", "_check", "_fkey"];

/// Returns which of the runner's tables a statement mentions, by name or inside of a string.
pub(super) fn mentioned(view: View<'_>, names: &BTreeSet<String>) -> Option<&'static str> {
    names.iter().find_map(|name| own_table(name)).or_else(|| in_strings(view))
}

pub(super) fn own_table(name: &str) -> Option<&'static str> {
    let folded = folded(name);
    OWN_TABLES.into_iter().find(|own| match folded.strip_prefix(own) {
        Some("") => true,
        Some(rest) => {
            rest.starts_with('_') && BELONGINGS.iter().any(|suffix| rest.ends_with(suffix))
        }
        None => false,
    })
}

/// Strings can become statements by EXECUTE, or names by a cast. Those that stand side by side
/// are one string to the server.
fn in_strings(view: View<'_>) -> Option<&'static str> {
    let mut joined = String::new();
    for (index, token) in view.tokens.iter().enumerate() {
        if token.is_string() {
            joined.push_str(&view.string(index).unwrap_or_default());
            if view.tokens.get(index + 1).is_some_and(|next| next.is_string()) {
                continue;
            }
            if let Some(own) = runs(&joined).find_map(own_table) {
                return Some(own);
            }
            joined.clear();
        }
    }
    None
}

/// As a server that ignores case might see the name: some fold `İ` to `i` and `ſ` to `s`.
fn folded(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for c in name.chars() {
        let upper = c.to_uppercase().next().unwrap_or(c);
        folded.push(upper.to_lowercase().next().unwrap_or(upper));
    }
    folded
}
