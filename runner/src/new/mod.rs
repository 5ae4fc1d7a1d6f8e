//! A new project for an author: a manifest, one alteration, a test, and the SDK it is built with.
//!
//! Pure but for `write`: a language's templates become files, in which a few words are put in place.
//! Talks to `alteration` alone. The SDK is copied into the project, so that it always fits the runner
//! that made it; each file of `templates/` is a file of the project.

mod javascript;
mod python;
mod rust;
mod sql;
mod words;
mod write;

pub use write::{NewError, write};

use crate::alteration::PluginName;
use words::Words;

/// What an alteration is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Sql,
    Rust,
    JavaScript,
    TypeScript,
    Python,
}

/// A file of a new project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Within the project, with `/`.
    pub path: String,
    pub text: String,
    pub is_executable: bool,
}

/// How a template becomes a file: its path within the project, and its text.
type Template = (&'static str, &'static str);

impl Language {
    pub const ALL: [Self; 5] =
        [Self::Sql, Self::Rust, Self::JavaScript, Self::TypeScript, Self::Python];

    /// As it is named on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Rust => "rust",
            Self::JavaScript => "js",
            Self::TypeScript => "ts",
            Self::Python => "python",
        }
    }

    fn templates(self) -> Vec<Template> {
        match self {
            Self::Sql => sql::templates(),
            Self::Rust => rust::templates(),
            Self::JavaScript => javascript::javascript(),
            Self::TypeScript => javascript::typescript(),
            Self::Python => python::templates(),
        }
    }

    /// The command that makes components of the project, in its folder.
    pub fn build_command(self) -> &'static str {
        match self {
            Self::Sql => "runner pack sql --out dist",
            Self::Rust | Self::Python => "./build",
            Self::JavaScript | Self::TypeScript => "npm ci && npm run build",
        }
    }
}

/// The files of a new project for `plugin`. `now` is its first alteration's stamp, in Unix seconds.
pub fn files(plugin: &PluginName, language: Language, now: u64) -> Vec<NewFile> {
    let words = Words::new(plugin, now);
    let mut files: Vec<NewFile> = language
        .templates()
        .into_iter()
        .map(|(path, text)| NewFile {
            path: words.fill(path),
            text: words.fill(text),
            is_executable: text.starts_with("#!"),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_template_is_known() {
        for language in Language::ALL {
            let files = files(&"acme/order.notes".parse().unwrap(), language, 1_700_000_000);
            for file in &files {
                assert!(!file.path.contains("{{"), "{}", file.path);
                // Rust and JavaScript have such braces of their own.
                let is_template = !file.path.starts_with("sdk/");
                assert!(!is_template || !file.text.contains("{{"), "{}:\n{}", file.path, file.text);
                assert!(file.text.ends_with('\n'), "{}", file.path);
            }
            let mut paths: Vec<_> = files.iter().map(|file| &file.path).collect();
            paths.dedup();
            assert_eq!(paths.len(), files.len(), "{language:?}: {paths:?}");
            assert!(files.iter().any(|file| file.path == "README.md"), "{language:?}");
            assert!(files.iter().any(|file| file.text.contains("acme/order.notes")));
        }
    }
}
