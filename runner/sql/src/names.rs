//! Which names a statement mentions, in bodies too.

use super::{
    bodies::{self, Part},
    view::View,
};
use std::collections::BTreeSet;

pub(super) fn names(view: View<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    bodies::visit(view, &mut |part| match part {
        Part::Statement(view) | Part::Body(view) => {
            names.extend((0..view.tokens.len()).filter_map(|index| view.name(index)));
        }
        Part::Unread(text) => names.extend(runs(text).map(str::to_ascii_lowercase)),
    });
    names
}

/// Returns everything in `text` that could be a bare name.
pub(super) fn runs(text: &str) -> impl Iterator<Item = &str> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii();
    text.split(move |c| !in_name(c)).filter(|run| !run.is_empty())
}
