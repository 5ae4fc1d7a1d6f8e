//! What plugins ship: read from folders when the application starts, or embedded when it is built.

use alteration_domain::{
    alteration::{Catalog, CatalogError},
    component::{self, ComponentError},
    escape::Escaped,
    section::COMPONENT_BYTES_MAX,
};
use alteration_source::SourceError;
use std::path::{Path, PathBuf};

/// Every alteration that the application's plugins ship.
#[derive(Debug, Clone)]
pub struct Plugins {
    pub(crate) catalog: Catalog,
}

/// Why the plugins cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginsError {
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Bytes that were embedded under `name`.
    #[error("{}: {error}", Escaped(name))]
    Component { name: String, error: ComponentError },
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl Plugins {
    /// Reads component files, and folders that are searched for them, as `runner check` does. An empty folder is an error.
    pub fn read<P: Into<PathBuf>>(
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Self, PluginsError> {
        let paths: Vec<PathBuf> = paths.into_iter().map(Into::into).collect();
        Ok(Self { catalog: alteration_source::read(&paths, COMPONENT_BYTES_MAX)? })
    }

    /// Takes components that were built into the application, each with its name and its bytes.
    ///
    /// The name is that of the file, as in `acme/shop/1.0.0-1735689600-create-orders.wasm`: it is shown in errors, and
    /// identifies a component that carries no manifest. The bytes are usually those of `include_bytes!`.
    pub fn embedded<N, B>(
        components: impl IntoIterator<Item = (N, B)>,
    ) -> Result<Self, PluginsError>
    where
        N: AsRef<str>,
        B: AsRef<[u8]>,
    {
        let mut files = Vec::new();
        for (name, bytes) in components {
            let name = name.as_ref();
            let file = component::read(Path::new(name), bytes.as_ref())
                .map_err(|error| PluginsError::Component { name: name.to_owned(), error })?;
            files.push(file);
        }
        Ok(Self { catalog: Catalog::new(files)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn embedded_components_are_known_by_their_names() {
        let plugins = Plugins::embedded([("acme/shop/1.0.0-1-x.wasm", COMPONENT)]).unwrap();
        let keys: Vec<_> = plugins.catalog.iter().map(|one| one.key.to_string()).collect();
        assert_eq!(keys, ["acme/shop 1.0.0-1-x"]);
    }

    #[test]
    fn what_is_no_component_is_named() {
        let table: [(&str, &[u8], &str); 3] = [
            ("acme/shop/1.0.0-1-x.wasm", b"hello, world", "not a WebAssembly file"),
            ("acme/shop/x.wasm", COMPONENT, "does not identify"),
            ("x\u{7}/1-x.wasm", COMPONENT, "do not name its plugin"),
        ];
        for (name, bytes, expected) in table {
            let error = Plugins::embedded([(name, bytes)]).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(".wasm"), "{error}");
            assert!(!error.contains('\u{7}'), "{error:?}");
        }
    }
}
