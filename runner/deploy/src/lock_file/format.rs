//! The text of a lock file, version 1.
//!
//! ```toml
//! version = 1
//!
//! [plugins."acme/shop"]
//! source = "plugins"
//! permissions = []
//! creates = ["shop_orders"]
//!
//! [plugins."acme/shop".alterations]
//! "1.0.0-1718000000-orders" = { file = "….wasm", size = 2847, checksum = "…", component_checksum = "…" }
//! ```
//!
//! Sorted and without anything that differs from run to run. A key that is not known is an error: what this runner does not
//! understand might forbid what it would do. A later format has another version.

use super::{LockFile, LockFileError, LockedPlugin, Pin};
use crate::{
    alteration::{AlterationId, Checksum, Permissions, PluginName},
    config::without_value,
    escape::is_deceptive,
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

pub(super) const VERSION: i64 = 1;
const HEADER: &str = "# What may be deployed, written by `runner lock`. Commit this file.\n\
    # To change it, run `runner lock --update PLUGIN PLUGINS...`, which shows the difference first.\n";
/// More of a parser's message says nothing more.
const REASON_CHARS_MAX: usize = 300;
/// What version control leaves in a file that it could not merge.
const MERGE_MARKS: [&str; 3] = ["<<<<<<< ", "=======", ">>>>>>> "];

/// What every version has.
#[derive(Deserialize)]
struct Head {
    version: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(rename = "version")]
    _version: i64,
    #[serde(default)]
    plugins: BTreeMap<PluginName, PluginText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginText {
    source: String,
    permissions: Permissions,
    creates: Option<BTreeSet<String>>,
    alterations: BTreeMap<AlterationId, PinText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinText {
    file: String,
    size: u64,
    checksum: Checksum,
    component_checksum: Checksum,
}

/// Reads the text of the lock file that is called `path`.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<LockFile, LockFileError> {
    let invalid = |line, reason: &str| {
        let reason = reason.chars().take(REASON_CHARS_MAX).collect();
        LockFileError::Invalid { path: path.to_owned(), line, reason }
    };
    let text = std::str::from_utf8(bytes).map_err(|_| invalid(None, "not UTF-8"))?;
    // Editors put it there; to a reader of TOML it is nothing.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_mark = |line: &str| MERGE_MARKS.iter().any(|mark| line.starts_with(mark));
    if let Some(at) = text.lines().position(is_mark) {
        let reason = "left by a merge: take one side, then run `runner lock` to see the difference";
        return Err(invalid(Some(at + 1), reason));
    }
    let of_parser = |error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| before.matches('\n').count() + 1);
        invalid(line, &without_value(error.message()))
    };
    let Head { version } = toml::from_str(text).map_err(of_parser)?;
    if version != VERSION {
        return Err(LockFileError::Version { path: path.to_owned(), found: version });
    }
    let Text { plugins, .. } = toml::from_str(text).map_err(of_parser)?;
    let mut file = LockFile::default();
    for (plugin, PluginText { source, permissions, creates, alterations }) in plugins {
        source_doubt(&source).map_or(Ok(()), |doubt| {
            Err(invalid(None, &format!("the source of {plugin} {doubt}")))
        })?;
        let mut pins = BTreeMap::new();
        for (id, PinText { file, size, checksum, component_checksum }) in alterations {
            name_doubt(&file).map_or(Ok(()), |doubt| {
                Err(invalid(None, &format!("the file of {plugin} {id} {doubt}")))
            })?;
            pins.insert(id, Pin { file, checksum, component_checksum, size });
        }
        let locked = LockedPlugin { source, permissions, creates, alterations: pins };
        file.plugins.insert(plugin, locked);
    }
    Ok(file)
}

/// Why a text is no folder relative to a lock file.
pub(super) fn source_doubt(source: &str) -> Option<&'static str> {
    match source {
        "" => Some("is empty"),
        _ if source.contains(is_deceptive) => Some("holds control or invisible characters"),
        _ if source.starts_with('/') => Some("is no path relative to the lock file"),
        _ => None,
    }
}

/// Why a text is no name of a file.
pub(super) fn name_doubt(name: &str) -> Option<&'static str> {
    match name {
        "" | "." | ".." => Some("is no name of a file"),
        _ if name.contains(is_deceptive) => Some("holds control or invisible characters"),
        _ if name.contains('/') => Some("is a path, where a name is expected"),
        _ => None,
    }
}

/// The text that is read as `file` again.
pub fn to_text(file: &LockFile) -> String {
    let mut text = format!("{HEADER}version = {VERSION}\n");
    for (plugin, LockedPlugin { source, permissions, creates, alterations }) in &file.plugins {
        let permissions: Vec<String> =
            permissions.iter().map(|permission| quoted(&permission.to_string())).collect();
        let _ = write!(
            text,
            "\n[plugins.{name}]\nsource = {}\npermissions = [{}]\n{}\n[plugins.{name}.alterations]\n",
            quoted(source),
            permissions.join(", "),
            creates.as_ref().map(creates_line).unwrap_or_default(),
            name = quoted(plugin.as_str()),
        );
        for (id, Pin { file, checksum, component_checksum, size }) in alterations {
            let _ = writeln!(
                text,
                "{} = {{ file = {}, size = {size}, checksum = \"{checksum}\", component_checksum = \"{component_checksum}\" }}",
                quoted(id.as_str()),
                quoted(file)
            );
        }
    }
    text
}

fn creates_line(names: &BTreeSet<String>) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("creates = [{}]\n", names.join(", "))
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '\\' | '"' => quoted.extend(['\\', c]),
            c if is_deceptive(c) => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
