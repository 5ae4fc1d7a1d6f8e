//! Core modules and components of other toolchains: wrapped, given their manifest, or refused.

use super::{
    super::{
        PackOptions, PackedComponent,
        folder::SqlAlteration,
        inspect, pack,
        section::{self, embedded_manifest},
        sql_component::SqlEncoder,
        sql_module,
        sql_name::SqlHook,
        sql_texts::SqlTexts,
    },
    guest::Guest,
    pack_error,
};
use crate::alteration::{ForeignKeys, MANIFEST_SECTION};
use std::{fs, path::PathBuf};
use wasm_encoder::{
    CustomSection, Encode, EntityType, ImportSection, Module, Section as _, TypeSection,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

const MANIFEST: &str = r#"{"manifest":1,"plugin":"acme/crm","alterations":[{"id":"1.0.0-1-a"}]}"#;
const MANIFEST_TOML: &str = r#"
    manifest = 1
    plugin = "acme/crm"
    [[alterations]]
    id = "1.0.0-1-a"
"#;

/// A guest as a compiler leaves it: hooks, and the section that tells its interface.
pub(super) fn core_module() -> Vec<u8> {
    let alteration = SqlAlteration {
        id: "1.0.0-1-a".parse().unwrap(),
        sql: SqlTexts::for_all([(SqlHook::Up, "SELECT 1".to_owned())].into()),
        needed_on: Default::default(),
        needs: Default::default(),
        checks: Default::default(),
        description: None,
        permissions: Default::default(),
        creates: None,
        requires: Default::default(),
        lock_timeout_ms: None,
        statement_timeout_ms: None,
        foreign_keys: ForeignKeys::Checked,
    };
    with_interface(sql_module::encode(&[&alteration]))
}

fn with_interface(mut module: Vec<u8>) -> Vec<u8> {
    let encoder = SqlEncoder::new();
    let resolve = encoder.resolve();
    let world = resolve.worlds.iter().find(|(_, w)| w.name == "alteration").unwrap().0;
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
    module
}

/// `bytes` with a manifest section at its end, as `#[link_section]` leaves it.
pub(super) fn module_section(mut bytes: Vec<u8>, manifest: &[u8]) -> Vec<u8> {
    let section = CustomSection { name: MANIFEST_SECTION.into(), data: manifest.into() };
    bytes.push(section.id());
    section.encode(&mut bytes);
    bytes
}

fn component(module: &[u8]) -> Vec<u8> {
    ComponentEncoder::default().module(module).unwrap().encode().unwrap()
}

/// A source file and the options to pack it with; the folder holds both.
struct Source {
    folder: tempfile::TempDir,
    options: PackOptions,
}

impl Source {
    fn new(bytes: &[u8]) -> Self {
        let folder = super::folder(&[("guest.wasm", bytes)]);
        Self { folder, options: PackOptions::default() }
    }

    fn manifest(mut self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        self.options.manifest = Some(path);
        self
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("guest.wasm")
    }

    fn pack(&self) -> PackedComponent {
        let mut packed = pack(&self.path(), &self.options).unwrap();
        assert_eq!(packed.len(), 1);
        packed.pop().unwrap()
    }

    fn error(&self) -> String {
        pack_error(&self.path(), &self.options)
    }
}

#[test]
fn a_manifest_from_anywhere_gives_one_at_the_top() {
    let lifted = module_section(core_module(), MANIFEST.as_bytes());
    let spaced = MANIFEST.replace(',', ", ");
    let sources = [
        Source::new(&core_module()).manifest("m.json", &spaced),
        Source::new(&core_module()).manifest("m.toml", MANIFEST_TOML),
        Source::new(&lifted),
        Source::new(&lifted).manifest("m.toml", MANIFEST_TOML),
        Source::new(&module_section(core_module(), spaced.as_bytes())),
        Source::new(&component(&core_module())).manifest("m.json", MANIFEST),
        Source::new(&component(&lifted)),
        Source::new(&module_section(component(&lifted), MANIFEST.as_bytes())),
    ];
    for (index, source) in sources.iter().enumerate() {
        let packed = source.pack();
        assert_eq!(packed.file_name, "1.0.0-1-a.wasm");
        let found = section::manifest(&packed.bytes).unwrap().unwrap();
        assert_eq!(found, MANIFEST.as_bytes(), "{index}");
        wasmparser::Validator::new().validate_all(&packed.bytes).unwrap();
        let called = Guest::new(&packed.bytes).call("up", "1.0.0-1-a", Ok(()));
        assert_eq!(called.received, ["SELECT 1"]);

        let again = Source::new(&packed.bytes).pack();
        assert_eq!(again.bytes, packed.bytes, "{index}: packing again changes nothing");
    }
    assert_eq!(embedded_manifest(&sources[2].pack().bytes), Ok(None), "lifted, not copied");
}

#[test]
fn several_alterations_in_one_file() {
    let manifest = |ids: [&str; 2]| {
        let [first, second] =
            ids.map(|id| format!(r#"{{"id":"{id}","checksum":"{}"}}"#, "0".repeat(64)));
        format!(r#"{{"manifest":1,"plugin":"acme/crm","alterations":[{first},{second}]}}"#)
    };
    let table = [
        (["1.0.0-1-a", "1.0.0-2-b"], "crm-1.0.0.wasm"),
        (["1.0.0-1-a", "1.1.0-2-b"], "crm.wasm"),
        (["1.0.0-1-a", "2-b"], "crm.wasm"),
        (["1-a", "2-b"], "crm.wasm"),
    ];
    for (ids, file_name) in table {
        let source = Source::new(&core_module()).manifest("m.json", &manifest(ids));
        assert_eq!(source.pack().file_name, file_name);
    }
}

#[test]
fn manifests_refused() {
    let two = r#"{"manifest":1,"plugin":"acme/crm","alterations":[{"id":"1-a"},{"id":"2-b"}]}"#;
    let one_sum = MANIFEST.replace(r#""}]"#, &format!(r#"","checksum":"{}"}}]"#, "0".repeat(64)));
    let other = MANIFEST.replace("crm", "shop");
    let module = core_module();
    let lifted = module_section(module.clone(), MANIFEST.as_bytes());
    let table = [
        (Source::new(&module), "it has no manifest; give a JSON or TOML file"),
        (Source::new(&component(&module)), "it has no manifest"),
        (
            Source::new(&module).manifest("m.json", two),
            "1-a needs a `checksum` of its own; give each",
        ),
        (
            Source::new(&module_section(module.clone(), two.as_bytes())),
            "in its core module: the comp",
        ),
        (Source::new(&module).manifest("m.json", &one_sum), "contradicts that; remove it"),
        (
            Source::new(&lifted).manifest("m.json", &other),
            "the manifest in its core module and the manifest in the manifest file differ",
        ),
        (
            Source::new(&module_section(component(&lifted), other.as_bytes())),
            "the manifest in the component and the manifest in its core module differ",
        ),
        (Source::new(&module).manifest("m.yaml", MANIFEST), "ends in .json or .toml"),
        (Source::new(&module).manifest("m.toml", "manifest = "), "line 1"),
        (Source::new(&module).manifest("m.toml", "manifest = 1"), "missing field `plugin`"),
        (Source::new(&module).manifest("m.json", "{"), "m.json: the manifest is not valid"),
        (Source::new(&module_section(lifted, b"{}")), "more than one `runner:manifest` section"),
    ];
    for (source, expected) in table {
        let error = source.error();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let mut source = Source::new(&module).manifest("m.json", MANIFEST);
    source.options.plugin = Some("acme/shop".parse().unwrap());
    assert!(source.error().contains("of plugin acme/crm, but acme/shop was asked for"));
    source.options = PackOptions { bundle: true, ..PackOptions::default() };
    assert!(source.error().contains("only a folder of SQL can be bundled"));
}

#[test]
fn files_refused() {
    let wasi = || {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        imports.import("wasi_snapshot_preview1", "proc_exit", EntityType::Function(0));
        let mut module = Module::new();
        module.section(&types).section(&imports);
        module.finish()
    };
    let packed = component(&core_module());
    let table = [
        (b"SELECT 1".to_vec(), ".: not a WebAssembly file: it is text"),
        (Vec::new(), "not a WebAssembly file: it is empty"),
        (b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), "compressed with gzip"),
        (b"\0asm\x01\0\0\0\x07".to_vec(), "malformed or cut short at byte 9"),
        (packed[..packed.len() - 1].to_vec(), "malformed or cut short"),
        (Module::new().finish(), "does not say which interface it was built for"),
        (with_interface(Module::new().finish()), "does not fit its interface"),
        (with_interface(wasi()), "build it for wasm32-unknown-unknown or wasm32-wasip2"),
        (wasm_encoder::Component::new().finish(), "exports no `runner:alteration/hooks@0.1.0`"),
        (b"\0asm\x0d\0\x01\0\x0b\x01\x01".to_vec(), "not valid WebAssembly at byte"),
    ];
    for (bytes, expected) in table {
        let error = Source::new(&bytes).manifest("m.json", MANIFEST).error();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn packing_a_module_twice_gives_the_same_bytes() {
    let source = Source::new(&core_module()).manifest("m.json", MANIFEST);
    assert_eq!(source.pack().bytes, source.pack().bytes);
    assert!(!inspect(&source.pack().bytes).unwrap().producers.is_empty());
}
