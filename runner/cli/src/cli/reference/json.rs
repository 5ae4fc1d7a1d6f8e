//! The page of JSON documents.

use super::{
    page, prose, sentence,
    source::{Declared, Found, Serde, Sources, doc, spelled},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};
use syn::{Field, Fields, GenericArgument, ItemEnum, ItemStruct, PathArguments, Type};

const ABOUT: &str = "With `--format json` a verb writes one document to standard output, and everything else to standard error. Fields may \
be added in a later version; none changes its meaning. A field that is *optional* is left out if it is empty, false or unknown.";

/// The documents of each verb: when it is printed, the type, and the file that has the type.
const DOCUMENTS: [(&str, &[(&str, &str, &str)]); 19] = [
    ("deploy", &[("", "Document", "cli/deploy.rs")]),
    ("check", &[("", "Document", "cli/check.rs")]),
    ("plan", &[("", "Document", "cli/plan.rs")]),
    (
        "permissions",
        &[
            ("", "Document", "cli/permissions.rs"),
            ("With `--revoke`.", "RevokedDocument", "cli/permissions.rs"),
        ],
    ),
    ("confine", &[("", "Document", "cli/confine.rs")]),
    ("setup", &[("", "Document", "cli/setup.rs")]),
    ("status", &[("", "Document", "cli/status.rs")]),
    ("rollback", &[("", "Document", "cli/deploy.rs")]),
    (
        "resolve",
        &[
            ("", "Document", "cli/resolve.rs"),
            ("", "DecisionDocument", "cli/resolve.rs"),
            ("", "CorrectionDocument", "cli/resolve.rs"),
        ],
    ),
    (
        "baseline",
        &[("", "Document", "cli/baseline.rs"), ("With `--dry-run`.", "Plan", "plan/mod.rs")],
    ),
    ("new", &[("", "Document", "cli/new.rs")]),
    ("add", &[("", "Document", "cli/add.rs")]),
    ("build", &[("", "Document", "cli/build.rs")]),
    ("release", &[("", "Document", "cli/release.rs"), ("", "Failed", "cli/release.rs")]),
    ("test", &[("", "Document", "cli/test.rs")]),
    ("pack", &[("", "Document", "cli/pack.rs")]),
    (
        "inspect",
        &[
            ("", "Inspection", "pack/src/inspect.rs"),
            ("With `--sql`.", "Document", "cli/listing.rs"),
        ],
    ),
    ("lock", &[("", "Document", "cli/lock.rs")]),
    ("any verb that fails", &[("", "Failed", "cli/explain/mod.rs")]),
];

#[test]
fn is_what_the_code_says() {
    let sources = Sources::read();
    let mut pages =
        Pages { sources: &sources, types: BTreeMap::new(), undocumented: BTreeSet::new() };
    let mut body = String::new();
    for (verb, documents) in DOCUMENTS {
        match verb.contains(' ') {
            true => body.push_str("\n## Errors\n"),
            false => body.push_str(&format!("\n## `runner {verb}`\n")),
        }
        for (when, name, file) in documents {
            if !when.is_empty() {
                let _ = writeln!(body, "\n{when}");
            }
            let described = pages.described(sources.of_file(name, file));
            let _ = writeln!(body, "\n{described}");
        }
    }
    body.push_str("\n## Types\n");
    for (name, described) in &pages.types {
        let _ = writeln!(body, "\n### {name}\n\n{described}");
    }
    assert!(pages.undocumented.is_empty(), "say what these mean: {:#?}", pages.undocumented);
    page("json.md", "JSON documents", ABOUT, &body);
}

#[test]
fn every_verb_that_prints_json_is_there() {
    let mut command = crate::cli::command();
    command.build();
    let prints = |verb: &&clap::Command| verb.get_arguments().any(|arg| arg.get_id() == "format");
    let prints: BTreeSet<&str> =
        command.get_subcommands().filter(prints).map(clap::Command::get_name).collect();
    let known: BTreeSet<&str> =
        DOCUMENTS.iter().map(|(verb, _)| *verb).filter(|verb| !verb.contains(' ')).collect();
    assert_eq!(prints, known);
}

struct Pages<'a> {
    sources: &'a Sources,
    /// What is described, by the name of the type.
    types: BTreeMap<String, String>,
    undocumented: BTreeSet<String>,
}

impl Pages<'_> {
    fn described(&mut self, found: &Found) -> String {
        match &found.item {
            Declared::Struct(item) => {
                let about = sentence(&prose(&doc(&item.attrs)));
                let name = item.ident.to_string();
                match &item.fields {
                    Fields::Named(fields) => {
                        let rows = self.rows(&name, fields.named.iter(), &found.file, "");
                        format!("{about}\n\n| Field | Type | Meaning |\n|---|---|---|\n{rows}")
                            .trim()
                            .to_owned()
                    }
                    _ => about,
                }
            }
            Declared::Enum(item) => self.enumeration(item, &found.file),
            Declared::Alias(_) => panic!("a document is no alias"),
        }
    }

    /// The rows of a table of fields.
    fn rows<'f>(
        &mut self,
        of: &str,
        fields: impl Iterator<Item = &'f Field>,
        file: &Path,
        prefix: &str,
    ) -> String {
        let mut rows = String::new();
        for field in fields {
            let serde = Serde::of(&field.attrs);
            if serde.is_skipped {
                continue;
            }
            if serde.is_flattened {
                rows.push_str(&self.flattened(&field.ty, file, prefix));
                continue;
            }
            let ident = field.ident.as_ref().expect("a named field").to_string();
            let name = serde.rename.unwrap_or(ident);
            let text = self.typed(&field.ty, file);
            let text = match serde.is_optional {
                true => format!("{}, optional", text.trim_end_matches(" or null")),
                false => text,
            };
            let about = doc(&field.attrs);
            if about.is_empty() {
                self.undocumented.insert(format!("{of}.{name} ({})", file.display()));
            }
            let about = sentence(&prose(&about));
            let _ = writeln!(rows, "| `{prefix}{name}` | {text} | {about} |");
        }
        rows
    }

    fn flattened(&mut self, of: &Type, file: &Path, prefix: &str) -> String {
        let name = plain(of);
        let Some(found) = self.sources.find(&name, file) else { panic!("what is {name}?") };
        match &found.item {
            Declared::Struct(item) => {
                let Fields::Named(fields) = &item.fields else { panic!("{name} has no fields") };
                let name = item.ident.to_string();
                self.rows(&name, fields.named.iter(), &found.file, prefix)
            }
            _ => panic!("{name} cannot be flattened here yet"),
        }
    }

    fn enumeration(&mut self, item: &ItemEnum, file: &Path) -> String {
        let about = sentence(&prose(&doc(&item.attrs)));
        let serde = Serde::of(&item.attrs);
        let mut text = String::new();
        for variant in &item.variants {
            let own = Serde::of(&variant.attrs);
            let name = variant.ident.to_string();
            let spelled = own.rename.unwrap_or_else(|| spelled(&name, serde.rename_all.as_deref()));
            let of = format!("{}::{name}", item.ident);
            let meaning = doc(&variant.attrs);
            if meaning.is_empty() {
                self.undocumented.insert(format!("{of} ({})", file.display()));
            }
            let meaning = sentence(&prose(&meaning));
            let value = match (&serde.tag, &variant.fields) {
                (Some(tag), _) => format!("**`\"{tag}\": \"{spelled}\"`**"),
                (None, Fields::Unit) => format!("`\"{spelled}\"`"),
                (None, Fields::Unnamed(fields)) => {
                    let inner = self.typed(&fields.unnamed[0].ty, file);
                    format!("`\"{spelled}\"`: {inner}")
                }
                (None, Fields::Named(_)) => panic!("{of} cannot be described here yet"),
            };
            let _ = writeln!(text, "| {value} | | {meaning} |");
            if let Fields::Named(fields) = &variant.fields {
                text.push_str(&self.rows(&of, fields.named.iter(), file, ""));
            }
        }
        format!("{about}\n\n| Value or field | Type | Meaning |\n|---|---|---|\n{text}")
            .trim()
            .to_owned()
    }

    /// Says what JSON a type is, and describes the types in it.
    fn typed(&mut self, of: &Type, file: &Path) -> String {
        let path = match of {
            Type::Reference(reference) => return self.typed(&reference.elem, file),
            Type::Slice(slice) => return format!("array of {}", self.typed(&slice.elem, file)),
            Type::Array(array) => return format!("array of {}", self.typed(&array.elem, file)),
            Type::Path(path) => path.path.segments.last().expect("a name"),
            _ => panic!("{} has a type that is not known here yet", file.display()),
        };
        let name = path.ident.to_string();
        let mut inner = arguments(&path.arguments);
        match (name.as_str(), inner.len()) {
            ("Option", 1) => format!("{} or null", self.typed(&inner.remove(0), file)),
            ("Box" | "Arc" | "Cow", 1) => self.typed(&inner.remove(0), file),
            ("Vec" | "BTreeSet", 1) => format!("array of {}", self.typed(&inner.remove(0), file)),
            ("BTreeMap", 2) => {
                let of = self.typed(&inner.remove(1), file);
                format!("object of {of} by {}", self.typed(&inner.remove(0), file))
            }
            // Some are written by code of their own.
            ("String" | "str" | "PathBuf" | "Path" | "VersionReq" | "Permission", _) => {
                "string".to_owned()
            }
            ("bool", _) => "boolean".to_owned(),
            ("u8" | "u32" | "u64" | "i64" | "usize" | "NonZeroU32", _) => "integer".to_owned(),
            ("f64", _) => "number".to_owned(),
            // Documents of another verb.
            ("Value", _) => "object".to_owned(),
            _ => self.named(&name, file),
        }
    }

    fn named(&mut self, name: &str, file: &Path) -> String {
        let Some(found) = self.sources.find(name, file) else {
            panic!("{}: what is {name}?", file.display())
        };
        match &found.item {
            Declared::Alias(of) => self.typed(&of.clone(), &found.file),
            Declared::Struct(ItemStruct { attrs, .. }) | Declared::Enum(ItemEnum { attrs, .. })
                if Serde::of(attrs).into.as_deref() == Some("String") =>
            {
                "string".to_owned()
            }
            Declared::Struct(item) if matches!(item.fields, Fields::Unnamed(_)) => {
                let inner = item.fields.iter().next().expect("one field");
                self.typed(&inner.ty.clone(), &found.file)
            }
            Declared::Struct(_) | Declared::Enum(_) => {
                let title = self.title(name, found);
                if !self.types.contains_key(&title) {
                    // First, because a type may hold itself.
                    self.types.insert(title.clone(), String::new());
                    let described = self.described(found);
                    self.types.insert(title.clone(), described);
                }
                format!("[{title}](#{})", title.to_lowercase().replace(' ', "-"))
            }
        }
    }

    /// The name under which a type is described: with its file, where another one has the same.
    fn title(&self, name: &str, found: &Found) -> String {
        match self.sources.is_unique(name) {
            true => name.to_owned(),
            false => {
                let stem = found.file.file_stem().unwrap_or_default().to_string_lossy();
                let folder = found.file.parent().and_then(Path::file_name).unwrap_or_default();
                let of = if stem == "mod" { folder.to_string_lossy() } else { stem };
                format!("{name} of {of}")
            }
        }
    }
}

fn arguments(arguments: &PathArguments) -> Vec<Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return Vec::new() };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(of) => Some(of.clone()),
        _ => None,
    });
    types.collect()
}

/// The name of a type without what surrounds it.
fn plain(of: &Type) -> String {
    match of {
        Type::Reference(reference) => plain(&reference.elem),
        Type::Path(path) => {
            let last = path.path.segments.last().expect("a name");
            match &arguments(&last.arguments)[..] {
                [inner] if last.ident == "Box" => plain(inner),
                _ => last.ident.to_string(),
            }
        }
        _ => panic!("a type without a name"),
    }
}
