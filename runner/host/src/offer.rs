//! What this runner offers to components, read from `wit/`, to explain imports that do not fit.

use super::{
    error::LoadError,
    versions::{self, Fit, PACKAGE},
};
use semver::Version;
use std::collections::{BTreeMap, BTreeSet};
use wasmtime::{
    Engine,
    component::{Component, types::ComponentItem},
};
use wit_parser::{Resolve, WorldItem};

const WIT: &str = include_str!("../wit/alteration.wit");
const WORLD: &str = "imports";
pub(super) const HOOKS: &str = "runner:alteration/hooks@0.1.0";
pub(super) const PREPARATION: &str = "runner:alteration/preparation@0.1.0";
pub(super) const BACKFILL: &str = "runner:alteration/backfill@0.1.0";
/// The version of the WIT package, which a journal is kept with.
pub(super) const WIT_VERSION: &str = "0.1.0";

/// The version that this runner speaks, and its interfaces by their name without it, each with its functions.
#[derive(Debug)]
pub(super) struct Offer {
    version: Version,
    interfaces: BTreeMap<String, BTreeSet<String>>,
}

impl Offer {
    pub(super) fn new() -> Self {
        Self::of(WIT)
    }

    fn of(wit: &str) -> Self {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("alteration.wit", wit).expect("wit/ is tested to parse");
        let world = resolve
            .select_world(&[package], Some(WORLD))
            .expect("the world stands in wit/, which is tested");
        let version = resolve.packages[package].name.version.clone();
        let interfaces = resolve.worlds[world].imports.values().filter_map(|item| match item {
            WorldItem::Interface { id, .. } => Some(*id),
            _ => None,
        });
        let interfaces = interfaces.filter_map(|id| {
            let functions = resolve.interfaces[id].functions.keys().cloned().collect();
            Some((format!("{PACKAGE}{}", resolve.interfaces[id].name.as_ref()?), functions))
        });
        Self {
            interfaces: interfaces.collect(),
            version: version.expect("the package stands in wit/ with its version"),
        }
    }

    /// The version that this runner speaks.
    pub(super) fn version(&self) -> &Version {
        &self.version
    }

    /// Checks each import of the runner's own interfaces by name, for a message that says what
    /// is missing; types are checked when linking.
    pub(super) fn check(&self, engine: &Engine, component: &Component) -> Result<(), LoadError> {
        for (import, item) in component.component_type().imports(engine) {
            if import.starts_with("wasi:") {
                continue;
            }
            let (functions, built) = self.interface(import)?;
            let ComponentItem::ComponentInstance(instance) = item.ty else {
                let reason = format!("`{import}` is an interface, and imported as something else");
                return Err(LoadError::Link(reason));
            };
            for (function, item) in instance.exports(engine) {
                let is_function = matches!(item.ty, ComponentItem::ComponentFunc(_));
                if is_function && !functions.contains(function) {
                    return Err(self.unknown_function(import, &built, function, functions));
                }
            }
        }
        Ok(())
    }

    /// The functions of an interface that is imported, and the version it was built against.
    fn interface(&self, import: &str) -> Result<(&BTreeSet<String>, Version), LoadError> {
        let Some((base, built)) = versions::split(import) else {
            return Err(self.unknown(import));
        };
        let functions = self.interfaces.get(base);
        match (versions::fit(&self.version, &built), functions) {
            (Fit::Compatible, Some(functions)) => Ok((functions, built)),
            (Fit::Compatible, None) if built <= self.version => Err(self.unknown(import)),
            (Fit::Newer | Fit::Compatible, _) => Err(self.newer(
                &built,
                match functions {
                    Some(_) => {
                        format!("it imports `{import}`, and `{base}@{}` is offered", self.version)
                    }
                    None => format!("it imports `{import}`"),
                },
            )),
            (Fit::Older, Some(_)) => {
                let offered = format!("{base}@{}", self.version);
                Err(LoadError::ImportVersion { import: import.to_owned(), offered })
            }
            (Fit::Older, None) => Err(self.unknown(import)),
        }
    }

    /// Explains imports that do not link although all their names are there: then it is about types.
    pub(super) fn not_linked(
        &self,
        engine: &Engine,
        component: &Component,
        reason: String,
    ) -> LoadError {
        let component_type = component.component_type();
        let built = component_type.imports(engine).filter_map(|(name, _)| versions::split(name));
        match built.map(|(_, built)| built).max() {
            Some(built) if built > self.version => {
                self.newer(&built, format!("its imports do not fit: {reason}"))
            }
            _ => LoadError::Link(reason),
        }
    }

    /// The error for a component that was built against a later version, and uses what it added.
    pub(super) fn newer(&self, built: &Version, why: String) -> LoadError {
        let (needs, speaks) = (built.to_string(), self.version.to_string());
        LoadError::NewerRunner { needs, speaks, why }
    }

    fn unknown_function(
        &self,
        import: &str,
        built: &Version,
        function: &str,
        functions: &BTreeSet<String>,
    ) -> LoadError {
        if *built > self.version {
            return self
                .newer(built, format!("it imports the function `{function}` of `{import}`"));
        }
        LoadError::UnknownFunction {
            interface: import.to_owned(),
            function: function.to_owned(),
            offered: list(functions),
        }
    }

    fn unknown(&self, import: &str) -> LoadError {
        let names: Vec<_> =
            self.interfaces.keys().map(|base| format!("{base}@{}", self.version)).collect();
        let offered = format!("{} and WASI 0.2", list(&names));
        LoadError::UnknownImport { import: import.to_owned(), offered }
    }
}

fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, engine};

    #[test]
    fn every_interface_is_offered_with_its_functions() {
        let offer = Offer::new();
        assert_eq!(offer.version.to_string(), WIT_VERSION);
        for interface in [HOOKS, PREPARATION, BACKFILL] {
            assert!(interface.ends_with(&format!("@{WIT_VERSION}")), "{interface}");
        }
        let names: Vec<&str> = offer.interfaces.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "runner:alteration/database",
                "runner:alteration/entropy",
                "runner:alteration/log",
                "runner:alteration/settings",
                "runner:alteration/types",
            ]
        );
        let database = &offer.interfaces["runner:alteration/database"];
        assert!(database.contains("[method]cursor.next-columns"));
    }

    /// A runner of the next version takes components of this one as they are, unless it breaks with it.
    #[test]
    fn a_later_runner_and_components_of_today() {
        let engine = engine::engine(&Limits::default()).unwrap();
        let text = r#"(component (import "runner:alteration/settings@0.1.0" (instance
            (export "get" (func (param "name" string) (result (option string)))))))"#;
        let component = Component::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        let check = |version: &str| {
            Offer::of(&WIT.replace("runner:alteration@0.1.0", version)).check(&engine, &component)
        };
        check("runner:alteration@0.1.1").unwrap();
        // What would have to be adapted.
        let refused = check("runner:alteration@0.2.0").unwrap_err();
        assert!(matches!(refused, LoadError::ImportVersion { .. }), "{refused}");
    }
}
