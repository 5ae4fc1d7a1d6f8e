//! The manifest's source: `alteration.json`, or `sql/alteration.toml` of a project in SQL.
//!
//! Holds two things that no component says: `$schema`, for editors, and `release`, the version that the next
//! alterations belong to. One more alteration is written into the text, so that the author's own layout stays.

use super::ProjectError;
use crate::new::Language;
use alteration_domain::alteration::{AlterationId, Declaration, Manifest, PluginName, Version};
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
    /// The name that the plugin had before.
    pub(super) replaces: Option<PluginName>,
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
                let Toml { plugin, release, replaces } = toml::from_str(&text)
                    .map_err(|error| invalid(error.to_string().trim_end().to_owned()))?;
                Ok(Self { path, text, release, plugin, replaces, manifest: None })
            }
            _ => {
                let (release, manifest) = parse_json(&text).map_err(invalid)?;
                let (plugin, replaces) = (manifest.plugin.clone(), manifest.replaces.clone());
                Ok(Self { path, text, release, plugin, replaces, manifest: Some(manifest) })
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
        match &self.manifest {
            None => {
                let text = with_table(&self.text, declaration);
                release.map_or(Ok(text.clone()), |release| self.toml_released(&text, release))
            }
            Some(manifest) => {
                let mut expected = manifest.clone();
                expected.alterations.push(declaration.clone());
                let text = with_element(&self.text, manifest, declaration);
                self.json(text, &expected, release)
            }
        }
    }

    /// The text with `release` set.
    pub(super) fn with_release(&self, release: &Version) -> Result<String, ProjectError> {
        match &self.manifest {
            None => self.toml_released(&self.text, release),
            Some(manifest) => self.json(Some(self.text.clone()), manifest, Some(release)),
        }
    }

    pub(super) fn write(&self, text: &str) -> Result<(), ProjectError> {
        // As the author's editor ends lines.
        let text = match self.text.contains("\r\n") {
            true => text.replace("\r\n", "\n").replace('\n', "\r\n"),
            false => text.to_owned(),
        };
        super::stamp::write_whole(&self.path, text.as_bytes())
            .map_err(|error| ProjectError::Io { path: self.path.clone(), error })
    }

    /// `edited` with `release` set, if it says what is expected; where the author's layout is another one, all of it
    /// written anew.
    fn json(
        &self,
        edited: Option<String>,
        expected: &Manifest,
        release: Option<&Version>,
    ) -> Result<String, ProjectError> {
        let wanted = release.or(self.release.as_ref());
        let edited = edited.map(|text| match release {
            Some(release) => {
                let line = format!("  \"release\": \"{release}\",");
                set_line(&text, "\"release\":", &line, "\"plugin\":")
            }
            None => text,
        });
        let is_right = |text: &String| {
            parse_json(text)
                .is_ok_and(|(release, found)| release.as_ref() == wanted && found == *expected)
        };
        if let Some(text) = edited.filter(is_right) {
            return Ok(text);
        }
        let invalid = |error: serde_json::Error| self.invalid(error.to_string());
        let mut fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&self.text).map_err(invalid)?;
        let alterations = serde_json::to_string_pretty(&expected.alterations).map_err(invalid)?;
        fields.remove("alterations");
        if let Some(release) = wanted {
            fields.insert("release".to_owned(), release.to_string().into());
        }
        let first = ["$schema", "manifest", "plugin", "release"];
        let place = |name: &str| first.iter().position(|one| *one == name).unwrap_or(first.len());
        let mut fields: Vec<_> = fields.into_iter().collect();
        fields.sort_by_key(|(name, _)| place(name));
        let mut text = "{\n".to_owned();
        for (name, value) in fields {
            let value = serde_json::to_string_pretty(&value).map_err(invalid)?;
            text += &format!("  {}: {},\n", serde_json::Value::from(name), indented(&value));
        }
        Ok(format!("{text}  \"alterations\": {}\n}}\n", indented(&alterations)))
    }

    fn toml_released(&self, text: &str, release: &Version) -> Result<String, ProjectError> {
        let line = format!("release = \"{release}\"");
        for start in ["release =", "release="] {
            let edited = set_line(text, start, &line, "plugin");
            if toml::from_str::<Toml>(&edited)
                .is_ok_and(|found| found.release.as_ref() == Some(release))
            {
                return Ok(edited);
            }
        }
        Err(self.invalid(format!(
            "`release` cannot be set to {release} in it: write `{line}` under `plugin`"
        )))
    }

    fn invalid(&self, reason: String) -> ProjectError {
        ProjectError::Manifest { path: self.path.clone(), reason }
    }
}

/// The text with one more element after the last of `alterations`, indented as the template is.
fn with_element(text: &str, manifest: &Manifest, declaration: &Declaration) -> Option<String> {
    let element = serde_json::to_string_pretty(declaration).ok()?;
    let element = element.lines().map(|line| format!("    {line}\n")).collect::<String>();
    let (before, after) = text.split_at(text.rfind("\n  ]")?);
    let comma = if manifest.alterations.is_empty() { "" } else { "," };
    Some(format!("{before}{comma}\n{}{after}", element.trim_end()))
}

/// With two spaces before every line but the first.
fn indented(text: &str) -> String {
    text.replace('\n', "\n  ")
}

/// What a project in SQL needs to know of its file; `pack` reads the rest.
#[derive(Deserialize)]
struct Toml {
    plugin: PluginName,
    release: Option<Version>,
    replaces: Option<PluginName>,
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
        let (folder, source) = source(Language::Rust, text);
        let changed = source.with(&declaration(), Some(&"0.2.0".parse().unwrap())).unwrap();
        let expected = text
            .replace(
                "\n  ]",
                ",\n    {\n      \"id\": \"0.2.0-18-b\",\n      \"description\": \"Say \\\"b\\\".\"\n    }\n  ]",
            )
            .replace("notes\",\n", "notes\",\n  \"release\": \"0.2.0\",\n");
        assert_eq!(changed, expected);
        source.write(&changed).unwrap();
        let again = Source::read(folder.path(), Language::Rust).unwrap();
        let opened = again.with_release(&"0.3.0".parse().unwrap()).unwrap();
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
        let opened = source.with_release(&"0.3.0".parse().unwrap()).unwrap();
        let (release, _) = parse_json(&opened).unwrap();
        assert_eq!(release, Some("0.3.0".parse().unwrap()));
        assert!(
            opened.starts_with("{\n  \"manifest\": 1,\n  \"plugin\": \"acme/notes\",\n"),
            "{opened}"
        );
    }

    #[test]
    fn toml_of_another_layout() {
        let (_folder, source) = source(Language::Sql, "plugin='a/b'\nrelease=\"0.1.0\"\n");
        let opened = source.with_release(&"0.3.0".parse().unwrap()).unwrap();
        assert_eq!(opened, "plugin='a/b'\nrelease = \"0.3.0\"\n");
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
