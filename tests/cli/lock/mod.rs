//! `lock`: what it writes, what the other verbs refuse by it, and what they refuse where there is none.

mod attacks;
mod folders;
mod texts;
mod updates;

use crate::{
    samples,
    support::{Run, Sandbox},
    wasm::{self, IDLE, WIT, with_manifest},
};
use std::{fs, os::unix::fs::PermissionsExt as _};

const LOCK: &str = "runner.lock";

/// Two plugins, pinned.
fn locked() -> Sandbox {
    let sandbox = samples::shop_and_crm();
    let _ = fs::remove_dir_all(sandbox.path().join("sources"));
    sandbox.ok(&["lock", "plugins"]);
    sandbox
}

/// Writes a file that nobody else may write to, whatever the umask is.
fn write_own(sandbox: &Sandbox, name: &str, bytes: impl AsRef<[u8]>) {
    let path = sandbox.write(name, bytes);
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("permissions");
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path().join(name)).expect("a file")
}

/// Replaces words in the lock file.
fn edit(sandbox: &Sandbox, from: &str, to: &str) {
    let text = read(sandbox, LOCK);
    assert!(text.contains(from), "{from} is not in {text}");
    write_own(sandbox, LOCK, text.replacen(from, to, 1));
}

/// A component of code that does nothing, with one alteration and what it asks for.
fn code(plugin: &str, id: &str, permissions: &str) -> Vec<u8> {
    let manifest = format!(
        r#"{{"manifest":1,"plugin":"{plugin}","alterations":[{{"id":"{id}","permissions":[{permissions}]}}]}}"#
    );
    with_manifest(&wasm::encode(WIT, "hooks-only", IDLE), manifest.as_bytes())
}

/// The findings of a document, as `kind problem plugin id`.
fn findings(run: &Run) -> Vec<String> {
    let document = crate::stopped::json(run);
    let list = document.get("findings").or_else(|| document["error"].get("findings"));
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let shown = |finding: &serde_json::Value| {
        let words = ["kind", "problem", "plugin", "id"].map(|name| word(&finding[name]));
        words.iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>().join(" ")
    };
    list.and_then(serde_json::Value::as_array)
        .map(|list| list.iter().map(shown).collect())
        .unwrap_or_default()
}
