//! The manifest's source: `alteration.json`, or `sql/alteration.toml` of a project in SQL.
//!
//! Holds two things that no component says: `$schema`, for editors, and `release`, the version that the next
//! alterations belong to. One more alteration is written into the text, so that the author's own layout stays.

use super::ProjectError;
use crate::{
    alteration::{AlterationId, Declaration, Manifest, PluginName, Version},
    new::Language,
};
use serde::Deserialize;
use std::path::{Path, PathBuf};

pub(super) const JSON: &str = "alteration.json";
pub(super) const TOML: &str = "sql/alteration.toml";

/// What the manifest's source says.
#[derive(Debug, Clone)]
pub(super) struct Source {
    path: PathBuf,
    text: String,
    pub(super) release: Option<Version>,
    pub(super) plugin: PluginName,
    /// The manifest as it stands there; `None` for SQL, whose alterations are files.
    pub(super) manifest: Option<Manifest>,
}

impl Source {
    pub(super) fn read(root: &Path, language: Language) -> Result<Self, ProjectError> {
        let path = root.join(if language == Language::Sql { TOML } else { JSON });
        let text = std::fs::read_to_string(&path)
            .map_err(|error| ProjectError::Io { path: path.clone(), error })?;
        let invalid = |reason: String| ProjectError::Manifest { path: path.clone(), reason };
        match language {
            Language::Sql => {
                let Toml { plugin, release } = toml::from_str(&text)
                    .map_err(|error| invalid(error.to_string().trim_end().to_owned()))?;
                Ok(Self { path, text, release, plugin, manifest: None })
            }
            _ => {
                let (release, manifest) = parse_json(&text).map_err(invalid)?;
                let plugin = manifest.plugin.clone();
                Ok(Self { path, text, release, plugin, manifest: Some(manifest) })
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The text with one more alteration, and `release` set to its version.
    pub(super) fn with(
        &self,
        declaration: &Declaration,
        release: Option<&Version>,
    ) -> Result<String, ProjectError> {
        let text = match &self.manifest {
            None => with_table(&self.text, declaration),
            Some(manifest) => self.with_element(manifest, declaration)?,
        };
        Ok(match release {
            Some(release) => self.released(&text, release),
            None => text,
        })
    }

    /// The text with `release` set.
    pub(super) fn with_release(&self, release: &Version) -> String {
        self.released(&self.text, release)
    }

    pub(super) fn write(&self, text: &str) -> Result<(), ProjectError> {
        super::stamp::write_whole(&self.path, text.as_bytes())
            .map_err(|error| ProjectError::Io { path: self.path.clone(), error })
    }

    fn released(&self, text: &str, release: &Version) -> String {
        match &self.manifest {
            None => set_line(text, "release = ", &format!("release = \"{release}\""), "plugin"),
            Some(_) => {
                let line = format!("  \"release\": \"{release}\",");
                set_line(text, "\"release\":", &line, "\"plugin\":")
            }
        }
    }

    /// Puts it after the last element of `alterations`, indented as the template is. Where the author's layout
    /// is another one, the whole is written anew.
    fn with_element(
        &self,
        manifest: &Manifest,
        declaration: &Declaration,
    ) -> Result<String, ProjectError> {
        let element = serde_json::to_string_pretty(declaration)
            .map_err(|error| self.invalid(error.to_string()))?;
        let element = element.lines().map(|line| format!("    {line}\n")).collect::<String>();
        let mut expected = manifest.clone();
        expected.alterations.push(declaration.clone());
        if let Some(end) = self.text.rfind("\n  ]") {
            let (before, after) = self.text.split_at(end);
            let comma = if manifest.alterations.is_empty() { "" } else { "," };
            let text = format!("{before}{comma}\n{}{after}", element.trim_end());
            if parse_json(&text).is_ok_and(|(_, found)| found == expected) {
                return Ok(text);
            }
        }
        let mut value: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&self.text).map_err(|error| self.invalid(error.to_string()))?;
        let alterations = serde_json::to_value(&expected.alterations)
            .map_err(|error| self.invalid(error.to_string()))?;
        value.insert("alterations".to_owned(), alterations);
        let text = serde_json::to_string_pretty(&value)
            .map_err(|error| self.invalid(error.to_string()))?;
        Ok(text + "\n")
    }

    fn invalid(&self, reason: String) -> ProjectError {
        ProjectError::Manifest { path: self.path.clone(), reason }
    }
}

/// What a project in SQL needs to know of its file; `pack` reads the rest.
#[derive(Deserialize)]
struct Toml {
    plugin: PluginName,
    release: Option<Version>,
}

fn parse_json(text: &str) -> Result<(Option<Version>, Manifest), String> {
    let mut value: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    value.remove("$schema");
    let release = value.remove("release").map(serde_json::from_value::<Version>).transpose();
    let release = release.map_err(|error| format!("release: {error}"))?;
    let manifest = serde_json::from_value(value.into()).map_err(|error| error.to_string())?;
    Ok((release, manifest))
}

fn with_table(text: &str, declaration: &Declaration) -> String {
    let id: &AlterationId = &declaration.id;
    let description = declaration.description.as_deref().unwrap_or_default();
    // A string of JSON is one of TOML too.
    let description = serde_json::Value::from(description);
    format!("{}\n\n[alterations.\"{id}\"]\ndescription = {description}\n", text.trim_end())
}

/// Replaces the line that starts with `start`, or puts `line` under the one that starts with `below`.
fn set_line(text: &str, start: &str, line: &str, below: &str) -> String {
    let starts = |line: &str, start: &str| line.trim_start().starts_with(start);
    let is_there = text.lines().any(|line| starts(line, start));
    let mut changed = String::with_capacity(text.len() + line.len());
    for found in text.lines() {
        if starts(found, start) {
            changed += line;
        } else {
            changed += found;
        }
        changed.push('\n');
        if !is_there && starts(found, below) {
            changed += line;
            changed.push('\n');
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(language: Language, text: &str) -> (tempfile::TempDir, Source) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(if language == Language::Sql { TOML } else { JSON });
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        let source = Source::read(folder.path(), language).unwrap();
        (folder, source)
    }

    fn declaration() -> Declaration {
        let mut declaration = Declaration::new("0.2.0-18-b".parse().unwrap());
        declaration.description = Some("Say \"b\".".to_owned());
        declaration
    }

    #[test]
    fn json_keeps_its_layout() {
        let text = r#"{
  "$schema": "./x.json",
  "manifest": 1,
  "plugin": "acme/notes",
  "alterations": [
    {
      "id": "0.1.0-17-a",   "description": "a"
    }
  ]
}
"#;
        let (_folder, source) = source(Language::Rust, text);
        let changed = source.with(&declaration(), Some(&"0.2.0".parse().unwrap())).unwrap();
        let expected = text
            .replace(
                "\n  ]",
                ",\n    {\n      \"id\": \"0.2.0-18-b\",\n      \"description\": \"Say \\\"b\\\".\"\n    }\n  ]",
            )
            .replace("notes\",\n", "notes\",\n  \"release\": \"0.2.0\",\n");
        assert_eq!(changed, expected);
        let again = Source { text: changed, ..source };
        let opened = again.with_release(&"0.3.0".parse().unwrap());
        assert_eq!(opened, expected.replace("\"release\": \"0.2.0\"", "\"release\": \"0.3.0\""));
    }

    #[test]
    fn json_of_another_layout_is_written_anew() {
        let text = r#"{"manifest":1,"plugin":"acme/notes","alterations":[{"id":"0.1.0-17-a"}]}"#;
        let (_folder, source) = source(Language::Python, text);
        let changed = source.with(&declaration(), None).unwrap();
        let (_, manifest) = parse_json(&changed).unwrap();
        assert_eq!(manifest.alterations.len(), 2);
        assert_eq!(manifest.alterations[1], declaration());
    }

    #[test]
    fn toml_gets_a_table() {
        let text =
            "# whose\nplugin = \"acme/notes\"\n\n[alterations.\"0.1.0-17-a\"]\ndescription = 'a'\n";
        let (_folder, source) = source(Language::Sql, text);
        let changed = source.with(&declaration(), Some(&"0.2.0".parse().unwrap())).unwrap();
        assert!(changed.starts_with("# whose\nplugin = \"acme/notes\"\nrelease = \"0.2.0\"\n\n["));
        let table: toml::Table = changed.parse().unwrap();
        let added = &table["alterations"]["0.2.0-18-b"]["description"];
        assert_eq!(added.as_str(), Some("Say \"b\"."));
    }
}
