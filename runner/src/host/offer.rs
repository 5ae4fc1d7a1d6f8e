//! What this runner offers to components, read from `wit/`, to explain imports that do not fit.

use super::error::LoadError;
use std::collections::{BTreeMap, BTreeSet};
use wasmtime::{
    Engine,
    component::{Component, types::ComponentItem},
};
use wit_parser::{Resolve, WorldItem};

const WIT: &str = include_str!("../../../wit/alteration.wit");
const WORLD: &str = "imports";
pub(super) const HOOKS: &str = "runner:alteration/hooks@0.1.0";
pub(super) const PREPARATION: &str = "runner:alteration/preparation@0.1.0";
pub(super) const BACKFILL: &str = "runner:alteration/backfill@0.1.0";
/// The version of the WIT package, which a journal is kept with.
pub(super) const WIT_VERSION: &str = "0.1.0";

/// Interfaces by full name, each with its functions.
#[derive(Debug)]
pub(super) struct Offer(BTreeMap<String, BTreeSet<String>>);

impl Offer {
    pub(super) fn new() -> Self {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("alteration.wit", WIT).expect("wit/ is tested to parse");
        let world = resolve
            .select_world(&[package], Some(WORLD))
            .expect("the world stands in wit/, which is tested");
        let interfaces = resolve.worlds[world].imports.values().filter_map(|item| match item {
            WorldItem::Interface { id, .. } => Some(*id),
            _ => None,
        });
        Self(
            interfaces
                .filter_map(|id| {
                    let functions = resolve.interfaces[id].functions.keys().cloned().collect();
                    Some((resolve.id_of(id)?, functions))
                })
                .collect(),
        )
    }

    /// Checks each import of the runner's own interfaces by name, for a message that says what
    /// is missing; types are checked when linking.
    pub(super) fn check(&self, engine: &Engine, component: &Component) -> Result<(), LoadError> {
        for (import, item) in component.component_type().imports(engine) {
            if import.starts_with("wasi:") {
                continue;
            }
            let Some(functions) = self.0.get(import) else {
                return Err(self.unknown(import));
            };
            let ComponentItem::ComponentInstance(instance) = item.ty else {
                let reason = format!("`{import}` is an interface, and imported as something else");
                return Err(LoadError::Link(reason));
            };
            for (function, item) in instance.exports(engine) {
                let is_function = matches!(item.ty, ComponentItem::ComponentFunc(_));
                if is_function && !functions.contains(function) {
                    return Err(LoadError::UnknownFunction {
                        interface: import.to_owned(),
                        function: function.to_owned(),
                        offered: list(functions),
                    });
                }
            }
        }
        Ok(())
    }

    fn unknown(&self, import: &str) -> LoadError {
        let base = |name: &str| name.split('@').next().unwrap_or_default().to_owned();
        let import = import.to_owned();
        match self.0.keys().find(|offered| base(offered) == base(&import)) {
            Some(offered) => LoadError::ImportVersion { import, offered: offered.clone() },
            None => LoadError::UnknownImport {
                import,
                offered: format!("{} and WASI 0.2", list(self.0.keys())),
            },
        }
    }
}

fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interface_is_offered_with_its_functions() {
        let Offer(offer) = Offer::new();
        let names: Vec<&str> = offer.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "runner:alteration/database@0.1.0",
                "runner:alteration/entropy@0.1.0",
                "runner:alteration/log@0.1.0",
                "runner:alteration/settings@0.1.0",
                "runner:alteration/types@0.1.0",
            ]
        );
        assert!(offer["runner:alteration/database@0.1.0"].contains("[method]cursor.next-columns"));
    }
}
