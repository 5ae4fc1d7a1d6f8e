//! Which dialects an SQL component has texts for.

use crate::{
    SqlSource,
    alteration::{AlterationId, Dialect},
};
use serde::Serialize;

/// One text of a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SqlText {
    /// The alteration's id.
    pub id: AlterationId,
    /// As the WIT package calls it.
    pub hook: &'static str,
    /// Those that get it.
    pub dialects: Vec<Dialect>,
    /// The size of the text.
    pub size_bytes: usize,
}

/// Returns the texts of a component whose dialects differ; none for any other.
pub(super) fn read(component: &[u8]) -> Vec<SqlText> {
    let Some(source) = SqlSource::of(component).filter(SqlSource::varies) else {
        return Vec::new();
    };
    let texts = source.texts().flat_map(|(id, hook, variants)| {
        let variants = variants.into_iter().filter(|(_, text)| !text.is_empty());
        variants.map(move |(dialects, text)| SqlText {
            id: id.clone(),
            hook: hook.name(),
            dialects,
            size_bytes: text.len(),
        })
    });
    texts.collect()
}
