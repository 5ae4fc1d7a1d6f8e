//! The sources of the project, read as Rust: types with their doc comments, and texts of SQL.

use super::repository;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use syn::{Attribute, Expr, Item, ItemEnum, ItemStruct, Lit, Meta, Type, UseTree, Visibility};

/// A type that is written as JSON, with the file that it is in.
pub(super) struct Found {
    pub(super) file: PathBuf,
    pub(super) item: Declared,
}

pub(super) enum Declared {
    Struct(ItemStruct),
    Enum(ItemEnum),
    /// Another name for a type.
    Alias(Type),
}

/// Every type, by its name: several files may have one of a name.
pub(super) struct Sources {
    types: BTreeMap<String, Vec<Found>>,
    enumerations: BTreeMap<String, ItemEnum>,
    /// The path that a `use` gives a name, for each file and name.
    imports: BTreeMap<(PathBuf, String), Vec<String>>,
    pub(super) texts: Vec<String>,
}

impl Sources {
    /// Reads all of `runner/`, in whichever packages it is.
    pub(super) fn read() -> Self {
        let mut sources = Self {
            types: BTreeMap::new(),
            enumerations: BTreeMap::new(),
            imports: BTreeMap::new(),
            texts: Vec::new(),
        };
        let mut files = Vec::new();
        collect(&repository("runner/guide").join(".."), &mut files);
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let parsed =
                syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            for item in parsed.items {
                sources.add(&file, item);
            }
        }
        sources
    }

    fn add(&mut self, file: &Path, item: Item) {
        let (name, item) = match item {
            Item::Struct(item) if is_serialized(&item.attrs) => {
                (item.ident.to_string(), Declared::Struct(item))
            }
            Item::Enum(item) => {
                self.enumerations.insert(item.ident.to_string(), item.clone());
                if !is_serialized(&item.attrs) {
                    return;
                }
                (item.ident.to_string(), Declared::Enum(item))
            }
            // What is not public is in no document.
            Item::Type(item) if !matches!(item.vis, Visibility::Public(_)) => return,
            Item::Type(item) => (item.ident.to_string(), Declared::Alias(*item.ty)),
            Item::Const(item) => return self.text(&item.expr),
            Item::Use(item) => return self.import(file, Vec::new(), &item.tree),
            _ => return,
        };
        let found = Found { file: file.to_owned(), item };
        self.types.entry(name).or_default().push(found);
    }

    /// Keeps where the names come from that a file uses.
    fn import(&mut self, file: &Path, mut path: Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(through) => {
                path.push(through.ident.to_string());
                self.import(file, path, &through.tree);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(file, path.clone(), tree));
            }
            UseTree::Name(name) => {
                self.imports.insert((file.to_owned(), name.ident.to_string()), path);
            }
            UseTree::Rename(_) | UseTree::Glob(_) => {}
        }
    }

    /// Keeps the texts of a constant.
    fn text(&mut self, expression: &Expr) {
        match expression {
            Expr::Lit(literal) => {
                if let Lit::Str(text) = &literal.lit {
                    self.texts.push(text.value());
                }
            }
            Expr::Reference(reference) => self.text(&reference.expr),
            Expr::Array(array) => array.elems.iter().for_each(|element| self.text(element)),
            _ => {}
        }
    }

    pub(super) fn enumeration(&self, name: &str) -> &ItemEnum {
        self.enumerations.get(name).unwrap_or_else(|| panic!("there is no enum {name}"))
    }

    /// Returns the type that `name` means in `file`: that of the same file, else the one whose file lies where the
    /// file's `use` says, else that of the nearest folder.
    pub(super) fn find(&self, name: &str, file: &Path) -> Option<&Found> {
        let all = self.types.get(name)?;
        let imported = self.imports.get(&(file.to_owned(), name.to_owned()));
        let near = |found: &Found| {
            let (a, b) = (found.file.components(), file.components());
            let shared = a.zip(b).take_while(|(a, b)| a == b).count();
            let stem = found.file.with_extension("");
            let is_named =
                |part: &&String| stem.components().any(|c| c.as_os_str() == part.as_str());
            (
                found.file == file,
                imported.map_or(0, |path| path.iter().filter(is_named).count()),
                shared,
            )
        };
        let nearest = all.iter().map(near).max()?;
        let mut nearest = all.iter().filter(|found| near(found) == nearest);
        let first = nearest.next();
        let other = nearest.next().map(|other| other.file.display());
        assert!(other.is_none(), "{} may mean another {name}, of {other:?}", file.display());
        first
    }

    /// Returns whether no other type that is written as JSON has this name.
    pub(super) fn is_unique(&self, name: &str) -> bool {
        self.types.get(name).is_some_and(|all| all.len() == 1)
    }

    /// Returns the type `name` of the verb's file `file`, as in `cli/check.rs`.
    pub(super) fn of_file(&self, name: &str, file: &str) -> &Found {
        let found =
            self.types.get(name).into_iter().flatten().find(|found| found.file.ends_with(file));
        found.unwrap_or_else(|| panic!("{file} has no type {name}"))
    }
}

/// Lists the Rust files of every `src`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match path.is_dir() {
            // Links lead to the sources of the SDKs.
            true if path.is_symlink()
                || ["target", "tests", "templates", "guide", "reference"]
                    .contains(&name.as_str()) => {}
            true => collect(&path, files),
            false if name.ends_with(".rs") && name != "tests.rs" => files.push(path),
            false => {}
        }
    }
}

fn is_serialized(attributes: &[Attribute]) -> bool {
    let mut is_serialized = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        let _ = attribute.parse_nested_meta(|meta| {
            is_serialized |=
                meta.path.segments.last().is_some_and(|last| last.ident == "Serialize");
            Ok(())
        });
    }
    is_serialized
}

/// Returns a doc comment as one paragraph for each of its own.
pub(super) fn doc(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(literal) = &pair.value
            && let Lit::Str(line) = &literal.lit
        {
            text.push_str(line.value().trim());
            text.push(' ');
        }
    }
    // A link to an item is its name.
    text.trim().replace("[`", "`").replace("`]", "`")
}

/// What `#[serde(…)]` says of a type, field or variant.
#[derive(Debug, Default)]
pub(super) struct Serde {
    pub(super) rename_all: Option<String>,
    pub(super) rename: Option<String>,
    pub(super) tag: Option<String>,
    pub(super) into: Option<String>,
    pub(super) is_flattened: bool,
    pub(super) is_skipped: bool,
    pub(super) is_optional: bool,
}

impl Serde {
    pub(super) fn of(attributes: &[Attribute]) -> Self {
        let mut serde = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            let parsed = attribute.parse_nested_meta(|meta| {
                let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                let value = match meta.input.peek(syn::Token![=]) {
                    true => Some(meta.value()?.parse::<syn::LitStr>()?.value()),
                    false => None,
                };
                match word.as_str() {
                    "rename_all" => serde.rename_all = value,
                    "rename" => serde.rename = value,
                    "tag" => serde.tag = value,
                    "into" => serde.into = value,
                    "flatten" => serde.is_flattened = true,
                    "skip" => serde.is_skipped = true,
                    "skip_serializing_if" => serde.is_optional = true,
                    // These are about reading.
                    "default" | "alias" | "try_from" | "deny_unknown_fields" => {}
                    other => panic!("the reference pages do not know serde's `{other}` yet"),
                }
                Ok(())
            });
            parsed.unwrap();
        }
        serde
    }
}

/// Spells a variant as `rename_all` says.
pub(super) fn spelled(name: &str, rename_all: Option<&str>) -> String {
    let parted = |by: char| {
        let mut text = String::new();
        for (at, c) in name.chars().enumerate() {
            if c.is_uppercase() && at > 0 {
                text.push(by);
            }
            text.extend(c.to_lowercase());
        }
        text
    };
    match rename_all {
        None => name.to_owned(),
        Some("lowercase") => name.to_lowercase(),
        Some("kebab-case") => parted('-'),
        Some("snake_case") => parted('_'),
        Some(other) => panic!("the reference pages do not know `{other}` yet"),
    }
}
