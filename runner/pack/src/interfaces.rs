//! What a component imports and exports, interface by interface. Validates the whole file on the way;
//! compiles and runs nothing.

use serde::Serialize;
use wasmparser::{
    BinaryReaderError, Parser, Payload, Validator,
    component_types::{ComponentEntityType, ComponentItem},
    types::TypesRef,
};

/// The imports and exports of one file, in its own order. All names are the file's own text.
#[derive(Debug, Default)]
pub(super) struct Interfaces {
    pub(super) imports: Vec<Interface>,
    pub(super) exports: Vec<Interface>,
}

/// One interface, or for a core module one of its imported modules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// As in `runner:alteration/hooks@0.1.0`; the item's own name if it lies in no interface.
    pub name: String,
    /// Empty for an interface of types alone, and for what lies in no interface.
    pub functions: Vec<String>,
}

/// Validates a component and lists its imports and exports.
pub(super) fn of_component(bytes: &[u8]) -> Result<Interfaces, BinaryReaderError> {
    let types = Validator::new().validate_all(bytes)?;
    let types = types.as_ref();
    let mut interfaces = Interfaces::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let name = import?.name.name;
                    let item = types.component_item_for_import(name);
                    interfaces.imports.push(interface(types, name, item));
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let name = export?.name.name;
                    let item = types.component_item_for_export(name);
                    interfaces.exports.push(interface(types, name, item));
                }
            }
            _ => {}
        }
    }
    Ok(interfaces)
}

fn interface(types: TypesRef<'_>, name: &str, item: Option<&ComponentItem>) -> Interface {
    let functions = match item.map(|item| item.ty) {
        Some(ComponentEntityType::Instance(id)) => types[id]
            .exports
            .iter()
            .filter(|(_, item)| matches!(item.ty, ComponentEntityType::Func(_)))
            .map(|(name, _)| name.clone())
            .collect(),
        _ => Vec::new(),
    };
    Interface { name: name.to_owned(), functions }
}

/// Validates a core module and lists its imports by module, and its exports.
pub(super) fn of_module(bytes: &[u8]) -> Result<Interfaces, BinaryReaderError> {
    Validator::new().validate_all(bytes)?;
    let mut interfaces = Interfaces::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    let known = interfaces.imports.iter_mut().find(|i| i.name == import.module);
                    match known {
                        Some(interface) => interface.functions.push(import.name.to_owned()),
                        None => interfaces.imports.push(Interface {
                            name: import.module.to_owned(),
                            functions: vec![import.name.to_owned()],
                        }),
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let name = export?.name.to_owned();
                    interfaces.exports.push(Interface { name, functions: Vec::new() });
                }
            }
            _ => {}
        }
    }
    Ok(interfaces)
}
