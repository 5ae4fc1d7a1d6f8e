//! Components that no toolchain would make, written as text or encoded against a changed WIT.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The package of this runner.
pub const WIT: &str = include_str!("../../wit/alteration.wit");

/// The core of a guest whose hooks succeed without doing anything: a result of zeros is `ok`.
pub const IDLE: &str = r#"
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
    (func (export "runner:alteration/hooks@0.1.0#up") (param i32 i32) (result i32) i32.const 0)
    (func (export "runner:alteration/hooks@0.1.0#down") (param i32 i32) (result i32) i32.const 0)
"#;

/// A component in the text format.
pub fn from_text(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text of a component")
}

/// A component of a core module in the text format, for a world of a WIT package.
pub fn encode(wit: &str, world: &str, core: &str) -> Vec<u8> {
    let mut module = wat::parse_str(format!("(module {core})")).expect("the text of a module");
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).expect("a WIT package");
    let world = resolve.select_world(&[package], Some(world)).expect("a world of it");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
    ComponentEncoder::default()
        .module(&module)
        .and_then(|encoder| encoder.validate(true).encode())
        .expect("a component")
}

/// Code whose `up` runs `sql`, which has no quotes in it, as one script by the interface.
pub fn running(sql: &str) -> Vec<u8> {
    let run =
        format!("i32.const 4096 i32.const {} i32.const 2048 call $run i32.const 0)", sql.len());
    let core = format!(
        r#"(import "runner:alteration/database@0.1.0" "execute-script" (func $run (param i32 i32 i32)))
        (data (i32.const 4096) "{}")
        {}"#,
        sql.replace('\u{1b}', "\\1b"),
        IDLE.replacen("i32.const 0)", &run, 1)
    );
    encode(WIT, "alteration", &core)
}

/// `component` with one more section `runner:manifest`, whatever it had before.
pub fn with_manifest(component: &[u8], manifest: &[u8]) -> Vec<u8> {
    with_section(component, "runner:manifest", manifest)
}

/// `component` with one more custom section, whatever it had before.
pub fn with_section(component: &[u8], name: &str, section: &[u8]) -> Vec<u8> {
    let mut contents = vec![name.len() as u8];
    contents.extend_from_slice(name.as_bytes());
    contents.extend_from_slice(section);
    let mut bytes = component.to_vec();
    bytes.push(0);
    let mut length = contents.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(&contents);
    bytes
}
