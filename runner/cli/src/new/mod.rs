//! A new project for an author (a manifest, one alteration, a test, and the SDK it is built with), and
//! the files of one more alteration of a project.
//!
//! Pure but for `write`: a language's templates become files, in which a few words are put in place.
//! Talks to `alteration` alone. The SDK is copied into the project, so that it always fits the runner
//! that made it; each file of `templates/` is a file of the project.

mod javascript;
mod python;
mod rust;
#[cfg(test)]
mod schemas;
mod sql;
mod words;
mod write;

pub use write::{NewError, write};

use alteration_domain::alteration::{AlterationId, PluginName};
use words::Words;

/// The name of the alteration that a new project has, and the version it starts with.
const FIRST_NAME: &str = "create-tags";
const FIRST_VERSION: &str = "0.1.0";

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

/// The hooks that an added alteration has beside `up` and `down`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AddedHooks {
    /// `before-up` and `before-down`.
    pub preparation: bool,
    /// `step`.
    pub backfill: bool,
}

/// How a template becomes a file: its path within the project, and its text.
type Template = (&'static str, &'static str);

/// The folder of what a project has from the runner as it is.
const SDK_FOLDER: &str = "sdk/";

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
        let own = match self {
            Self::Sql => sql::templates(),
            Self::Rust => rust::templates(),
            Self::JavaScript => javascript::javascript(),
            Self::TypeScript => javascript::typescript(),
            Self::Python => python::templates(),
        };
        let schema = match self {
            Self::Sql => include_str!("../../schemas/alteration-toml.schema.json"),
            _ => include_str!("../../schemas/alteration.schema.json"),
        };
        own.into_iter().chain(ALL).chain([(".schema/alteration.json", schema)]).collect()
    }

    fn added(self, hooks: AddedHooks) -> Vec<Template> {
        let mut added = match self {
            Self::Sql => sql::added(hooks),
            Self::Rust => vec![rust::ADDED],
            Self::JavaScript => vec![javascript::ADDED_JAVASCRIPT],
            Self::TypeScript => vec![javascript::ADDED_TYPESCRIPT],
            Self::Python => vec![python::ADDED],
        };
        added.push(("tests/{{id}}.sql", include_str!("templates/all/added.test.sql")));
        added
    }

    /// The command that makes components of a new project, in its folder.
    pub fn build_command(self) -> &'static str {
        match self {
            Self::Sql | Self::Rust | Self::Python => "runner build",
            Self::JavaScript | Self::TypeScript => "npm ci && runner build",
        }
    }
}

/// What a project has in every language.
const ALL: [Template; 4] = [
    (".gitattributes", include_str!("templates/all/gitattributes")),
    ("build", include_str!("templates/all/build")),
    ("test", include_str!("templates/all/test")),
    ("tests/{{id}}.sql", include_str!("templates/all/first.test.sql")),
];

/// The files of a new project for `plugin`. `now` is its first alteration's stamp, in Unix seconds.
///
/// # Panics
///
/// Never: a version, a number and a name are an id.
pub fn files(plugin: &PluginName, language: Language, now: u64) -> Vec<NewFile> {
    let id = format!("{FIRST_VERSION}-{now}-{FIRST_NAME}").parse().expect("an id");
    filled(language.templates(), &Words::new(plugin, &id, AddedHooks::default()))
}

/// The files of one more alteration, which creates and drops a table named after it. The manifest's entry
/// is not among them.
pub fn alteration(
    plugin: &PluginName,
    language: Language,
    id: &AlterationId,
    hooks: AddedHooks,
) -> Vec<NewFile> {
    filled(language.added(hooks), &Words::new(plugin, id, hooks))
}

fn filled(templates: Vec<Template>, words: &Words) -> Vec<NewFile> {
    // The SDK is copied as it is: it has braces of its own.
    let fill = |path: &str, text: &str| match path.starts_with(SDK_FOLDER) {
        true => text.to_owned(),
        false => words.fill(text),
    };
    let mut files: Vec<NewFile> = templates
        .into_iter()
        .map(|(path, text)| NewFile {
            path: words.fill(path),
            text: fill(path, text),
            is_executable: text.starts_with("#!"),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOKS: [AddedHooks; 4] = [
        AddedHooks { preparation: false, backfill: false },
        AddedHooks { preparation: true, backfill: false },
        AddedHooks { preparation: false, backfill: true },
        AddedHooks { preparation: true, backfill: true },
    ];

    fn plugin() -> PluginName {
        "acme/order.notes".parse().unwrap()
    }

    fn paths(files: &[NewFile]) -> Vec<&str> {
        files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn every_word_of_a_template_is_known() {
        let id = "1.2.0-1700000000-add-due-dates".parse().unwrap();
        for language in Language::ALL {
            let mut projects = vec![files(&plugin(), language, 1_700_000_000)];
            projects.extend(HOOKS.map(|hooks| alteration(&plugin(), language, &id, hooks)));
            for files in projects {
                for file in &files {
                    assert!(!file.path.contains("{{"), "{}", file.path);
                    let is_sdk = file.path.starts_with(SDK_FOLDER);
                    assert!(is_sdk || !file.text.contains("{{"), "{}:\n{}", file.path, file.text);
                    assert!(file.text.ends_with('\n'), "{}", file.path);
                }
                let mut unique = paths(&files);
                unique.dedup();
                assert_eq!(unique, paths(&files), "{language:?}");
            }
        }
    }

    #[test]
    fn a_project_has_what_every_language_has() {
        for language in Language::ALL {
            let files = files(&plugin(), language, 1_700_000_000);
            let text = |path: &str| {
                let file = files.iter().find(|file| file.path == path);
                &file.unwrap_or_else(|| panic!("{language:?}: {path}")).text
            };
            for verb in ["build", "test", "dev", "add", "release", "deploy released"] {
                assert!(text("README.md").contains(&format!("    runner {verb}")), "{language:?}");
            }
            assert!(text("tests/0.1.0-1700000000-create-tags.sql").contains("create-tags"));
            assert_eq!(text(".gitattributes").lines().last(), Some("alterations.lock merge=union"));
            let ignored: Vec<&str> = text(".gitignore").lines().collect();
            assert!(ignored.contains(&"/dist/"), "{language:?}");
            assert!(!ignored.iter().any(|line| line.contains("release") || line.contains("lock")));
            for wrapper in ["build", "test"] {
                let file = files.iter().find(|file| file.path == wrapper).unwrap();
                assert!(file.is_executable);
                assert!(
                    file.text.contains(&format!("exec \"${{RUNNER:-runner}}\" {wrapper} \"$@\""))
                );
            }
            let manifest = match language {
                Language::Sql => text("sql/alteration.toml"),
                _ => text("alteration.json"),
            };
            assert!(manifest.contains("acme/order.notes") && manifest.contains("0.1.0\""));
            assert!(manifest.contains(".schema/alteration.json"));
        }
    }

    #[test]
    fn an_added_alteration_is_one_module_and_a_test() {
        let id: AlterationId = "1.2.0-1700000000-add-due-dates".parse().unwrap();
        let expected = [
            (Language::Rust, "src/alterations/1.2.0-1700000000-add-due-dates.rs"),
            (Language::JavaScript, "src/alterations/1.2.0-1700000000-add-due-dates.js"),
            (Language::TypeScript, "src/alterations/1.2.0-1700000000-add-due-dates.ts"),
            (Language::Python, "alterations/add_due_dates_1700000000.py"),
        ];
        for (language, module) in expected {
            for hooks in HOOKS {
                let files = alteration(&plugin(), language, &id, hooks);
                assert_eq!(paths(&files), [module, "tests/1.2.0-1700000000-add-due-dates.sql"]);
                let text = &files[0].text;
                assert!(text.contains("DROP TABLE order_notes_add_due_dates"), "{text}");
                let (before, step) = match language {
                    Language::JavaScript | Language::TypeScript => ("beforeUp", "step"),
                    _ => ("before_up", "step"),
                };
                assert_eq!(text.contains(&format!("{before}(")), hooks.preparation, "{text}");
                assert_eq!(text.contains(&format!("{step}(")), hooks.backfill, "{text}");
            }
        }
    }

    #[test]
    fn an_added_alteration_in_sql_is_a_file_for_each_hook() {
        let id: AlterationId = "1.2.0-17-x".parse().unwrap();
        let names = |hooks| {
            let files = alteration(&plugin(), Language::Sql, &id, hooks);
            files.into_iter().map(|file| file.path).collect::<Vec<_>>()
        };
        let sql = |hook: &str| format!("sql/1.2.0-17-x.{hook}.sql");
        let test = "tests/1.2.0-17-x.sql".to_owned();
        assert_eq!(names(HOOKS[0]), [sql("down"), sql("up"), test.clone()]);
        let all = ["before-down", "before-up", "down", "step", "up"].map(sql);
        assert_eq!(names(HOOKS[3]), [all.as_slice(), &[test]].concat());
    }
}
