//! What each alteration of a project in Rust is made of: its module and the crate's own files that it names.
//!
//! Reads the text of the crate without compiling it, by the lexer of the SDK's build script, so that both see
//! the same hooks. Names what an alteration could use rather than what it does: a module brings its children,
//! an item of the crate's root brings the whole crate. Does not count the SDK, crates of others, and what
//! a procedural macro or a build script reads.

use alteration_domain::{
    alteration::{AlterationId, Checksum, ParseIdError},
    escape::Escaped,
};
use alteration_sdk_build::scan::{Token, found, tokens};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Component, Path, PathBuf},
};

const ROOT: &str = "src/lib.rs";
const FOLDER: &str = "src/alterations";

/// One alteration's sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RustAlteration {
    /// Of the files' names and texts, whose lines may end as version control likes it.
    pub(super) source: Checksum,
    /// The module first, each relative to the project.
    pub(super) files: Vec<PathBuf>,
    /// As the interface names them.
    pub(super) hooks: BTreeSet<String>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum RustSourcesError {
    #[error("{}: {error}", shown(.path))]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: the file's name is no id of an alteration: {error}", shown(.path))]
    Id { path: PathBuf, error: ParseIdError },
    #[error("{}: no `impl Alteration for` a type", shown(.path))]
    NoHooks { path: PathBuf },
    #[error("{}: {} are an Alteration; give each a module of its own", shown(.path), Escaped(&.types.join(" and ")))]
    SeveralHooks { path: PathBuf, types: Vec<String> },
}

fn shown(path: &Path) -> String {
    Escaped(&path.display().to_string()).to_string()
}

/// Describes every alteration of the project at `root`: each `src/alterations/<id>.rs`.
pub(super) fn describe(
    root: &Path,
) -> Result<BTreeMap<AlterationId, RustAlteration>, RustSourcesError> {
    let mut sources = Sources::new(root)?;
    let mut found = Vec::new();
    for (stem, path) in alteration_files(root)? {
        let id =
            stem.parse().map_err(|error| RustSourcesError::Id { path: path.clone(), error })?;
        let hooks = hooks(&path, &sources.text(&path)?)?;
        found.push((id, sources.alteration(&stem, &path)?, path, hooks));
    }
    sources.resolve();
    let described = found.into_iter().map(|(id, node, path, hooks)| {
        let mut files = sources.reached(node);
        files.remove(&path);
        let files: Vec<PathBuf> = std::iter::once(path).chain(files).collect();
        let source = sources.checksum(&files)?;
        Ok((id, RustAlteration { source, files, hooks }))
    });
    described.collect()
}

/// A checksum of all that decides what a component of the project is, but for the compiler: a draft is built
/// again when any of it changes.
pub(super) fn toolchain(root: &Path) -> Result<Checksum, RustSourcesError> {
    let mut files: BTreeSet<PathBuf> =
        ["Cargo.toml", "Cargo.lock", "build.rs", ".cargo/config.toml"].map(PathBuf::from).into();
    for folder in ["src", "sdk"] {
        files_below(root, Path::new(folder), &mut files)
            .map_err(|error| RustSourcesError::Io { path: folder.into(), error })?;
    }
    let sums = files.iter().filter_map(|file| {
        let contents = fs::read(root.join(file)).ok()?;
        Some(format!("{} {}\n", name(file), Checksum::of(&contents)))
    });
    Ok(Checksum::of(sums.collect::<String>().as_bytes()))
}

/// The files whose names hold a `-`, which no module of Rust's own naming does, by their stems.
fn alteration_files(root: &Path) -> Result<BTreeMap<String, PathBuf>, RustSourcesError> {
    let io = |error| RustSourcesError::Io { path: FOLDER.into(), error };
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(root.join(FOLDER)).map_err(io)? {
        let file = PathBuf::from(entry.map_err(io)?.file_name());
        let is_rust = file.extension().is_some_and(|extension| extension == "rs");
        match file.file_stem().and_then(|stem| stem.to_str()) {
            Some(stem) if is_rust && stem.contains('-') => {
                files.insert(stem.to_owned(), Path::new(FOLDER).join(&file))
            }
            _ => None,
        };
    }
    Ok(files)
}

fn hooks(path: &Path, text: &str) -> Result<BTreeSet<String>, RustSourcesError> {
    let found = found(&tokens(text));
    match found.types.len() {
        0 => return Err(RustSourcesError::NoHooks { path: path.to_owned() }),
        1 => {}
        _ => {
            let types = found.types;
            return Err(RustSourcesError::SeveralHooks { path: path.to_owned(), types });
        }
    }
    let groups = [
        (true, ["up", "down"].as_slice()),
        (found.preparation, &["before-up", "before-down"]),
        (found.backfill, &["step"]),
    ];
    let there = groups.iter().filter(|(is_there, _)| *is_there).flat_map(|(_, hooks)| *hooks);
    Ok(there.map(|hook| (*hook).to_owned()).collect())
}

/// A module of the crate, in a file of its own or within its parent's.
#[derive(Debug)]
struct Node {
    parent: usize,
    file: PathBuf,
    /// Where files of its children are.
    folder: PathBuf,
    children: BTreeMap<String, usize>,
}

/// What a file names.
#[derive(Debug, Default)]
struct File {
    /// From a module on; names that are no modules end a path.
    paths: Vec<(usize, Vec<String>)>,
    /// The modules that it holds or declares.
    declared: Vec<usize>,
    /// What it includes.
    included: BTreeSet<PathBuf>,
    /// Includes what its text does not say.
    includes_any: bool,
    /// Implements something for a type that it does not define.
    reaches_out: bool,
    /// The files that its paths lead to, once they are resolved.
    named: BTreeSet<PathBuf>,
}

/// The crate: a tree of modules, whose root is the first, and the files.
struct Sources<'a> {
    root: &'a Path,
    nodes: Vec<Node>,
    files: BTreeMap<PathBuf, File>,
    /// The modules of alterations, as the build script names them.
    alterations: BTreeMap<String, usize>,
    /// What no path has to name: everything of the root that is in scope everywhere.
    is_root_everywhere: bool,
    /// All files of the crate but other alterations.
    everything: Vec<PathBuf>,
}

impl<'a> Sources<'a> {
    fn new(root: &'a Path) -> Result<Self, RustSourcesError> {
        let path = PathBuf::from(ROOT);
        let node =
            Node { parent: 0, file: path.clone(), folder: "src".into(), children: BTreeMap::new() };
        let mut sources = Self {
            root,
            nodes: vec![node],
            files: BTreeMap::new(),
            alterations: BTreeMap::new(),
            is_root_everywhere: false,
            everything: Vec::new(),
        };
        let mut all = BTreeSet::new();
        files_below(root, Path::new("src"), &mut all)
            .map_err(|error| RustSourcesError::Io { path: "src".into(), error })?;
        let alterations: BTreeSet<PathBuf> = alteration_files(root)?.into_values().collect();
        sources.everything = all.difference(&alterations).cloned().collect();
        let text = sources.text(&path)?;
        let tokens = tokens(&text);
        let of_macros = |token: &Token| matches!(token, Token::Word("macro_rules" | "macro_use"));
        let renamed = ["extern", "crate", "self"].map(Token::Word);
        sources.is_root_everywhere = tokens.iter().any(of_macros)
            || tokens.windows(renamed.len()).any(|window| window == renamed);
        sources.read(&path, 0)?;
        Ok(sources)
    }

    /// Adds the module of an alteration, which is the root's child.
    fn alteration(&mut self, stem: &str, path: &Path) -> Result<usize, RustSourcesError> {
        let node = self.add(0, path.to_owned(), FOLDER.into());
        let name = format!("alteration_{}", stem.replace(|c: char| !c.is_alphanumeric(), "_"));
        self.alterations.insert(name, node);
        self.read(path, node)?;
        Ok(node)
    }

    fn add(&mut self, parent: usize, file: PathBuf, folder: PathBuf) -> usize {
        self.nodes.push(Node { parent, file, folder, children: BTreeMap::new() });
        self.nodes.len() - 1
    }

    fn bytes(&self, path: &Path) -> Result<Vec<u8>, RustSourcesError> {
        fs::read(self.root.join(path))
            .map_err(|error| RustSourcesError::Io { path: path.to_owned(), error })
    }

    fn text(&self, path: &Path) -> Result<String, RustSourcesError> {
        Ok(String::from_utf8_lossy(&self.bytes(path)?).into_owned())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.root.join(path).is_file()
    }

    /// Reads a file that is the module `node`, or is included there, and the files of its children.
    fn read(&mut self, path: &Path, node: usize) -> Result<(), RustSourcesError> {
        // Two declarations may share a file.
        if self.files.contains_key(path) {
            return Ok(());
        }
        let text = self.text(path)?;
        let tokens = tokens(&text);
        let mut file = File { reaches_out: reaches_out(&tokens), ..File::default() };
        self.files.insert(path.to_owned(), File::default());
        // The modules around, each with the depth of its braces.
        let mut around = vec![(node, 0)];
        let mut depth = 0_usize;
        for (at, token) in tokens.iter().enumerate() {
            let (current, outer) = *around.last().expect("the file's own is never taken away");
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => {
                    depth = depth.saturating_sub(1);
                    if around.len() > 1 && depth < outer {
                        around.pop();
                    }
                }
                Token::Word("mod") => match tokens[at + 1..] {
                    [Token::Word(name), Token::Sign('{'), ..] => {
                        let folder = self.nodes[current].folder.join(name);
                        let child = self.add(current, path.to_owned(), folder);
                        self.nodes[current].children.insert(name.to_owned(), child);
                        around.push((child, depth + 1));
                    }
                    [Token::Word(name), Token::Sign(';'), ..] => {
                        let given = path_attribute(&tokens[..at]);
                        let is_inner = around.len() > 1;
                        if let Some(child) = self.child(current, path, is_inner, name, given)? {
                            file.declared.push(child);
                        }
                    }
                    _ => {}
                },
                Token::Word("crate" | "super" | "self") if is_start(&tokens[..at]) => {
                    let mut paths = Vec::new();
                    follow(&tokens[at..], Vec::new(), &mut paths);
                    file.paths.extend(paths.into_iter().map(|path| (current, path)));
                }
                Token::Word("include" | "include_str" | "include_bytes") => {
                    match included(&tokens[at + 1..]) {
                        Included::Beside(text) => {
                            let beside = path.parent().unwrap_or(Path::new(""));
                            file.included.insert(normal(&beside.join(text)));
                        }
                        Included::OfProject(text) => {
                            file.included.insert(normal(Path::new(text.trim_start_matches('/'))));
                        }
                        Included::Unknown => file.includes_any = true,
                        Included::Nothing => {}
                    }
                }
                _ => {}
            }
        }
        file.included.retain(|path| self.root.join(path).is_file());
        for included in &file.included {
            if included.extension().is_some_and(|extension| extension == "rs") {
                self.read(included, node)?;
            }
        }
        self.files.insert(path.to_owned(), file);
        Ok(())
    }

    /// The module that `mod name;` declares; `None` where its file is not there.
    fn child(
        &mut self,
        parent: usize,
        file: &Path,
        is_inner: bool,
        name: &str,
        given: Option<&str>,
    ) -> Result<Option<usize>, RustSourcesError> {
        let folder = self.nodes[parent].folder.clone();
        let beside = file.parent().unwrap_or(Path::new("")).to_owned();
        // With the folder of its own children: a file that is named by a path or is a `mod.rs` has them beside it.
        let candidates = match given {
            Some(given) => {
                let path = normal(&if is_inner { folder } else { beside }.join(given));
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                vec![(path, folder)]
            }
            None => {
                let own = folder.join(name);
                vec![
                    (normal(&folder.join(format!("{name}.rs"))), own.clone()),
                    (normal(&own.join("mod.rs")), own),
                ]
            }
        };
        let Some((path, folder)) = candidates.into_iter().find(|(path, _)| self.is_file(path))
        else {
            return Ok(None);
        };
        let child = self.add(parent, path.clone(), folder);
        self.nodes[parent].children.insert(name.to_owned(), child);
        self.read(&path, child)?;
        Ok(Some(child))
    }

    /// Finds the files that paths lead to, now that all modules are known.
    fn resolve(&mut self) {
        let mut files = std::mem::take(&mut self.files);
        for file in files.values_mut() {
            for (start, path) in &file.paths {
                self.walk(*start, path, &mut file.named);
            }
        }
        self.files = files;
    }

    /// The files of the modules along a path, and of the one that holds the item where it ends.
    fn walk(&self, start: usize, path: &[String], named: &mut BTreeSet<PathBuf>) {
        let mut node = start;
        for name in path {
            node = match name.as_str() {
                "crate" => 0,
                "self" => node,
                "super" => self.nodes[node].parent,
                name => {
                    let child = self.nodes[node].children.get(name).copied();
                    let of_root = || self.alterations.get(name).copied().filter(|_| node == 0);
                    let Some(child) = child.or_else(of_root) else { break };
                    named.insert(self.nodes[child].file.clone());
                    child
                }
            };
        }
        named.insert(self.nodes[node].file.clone());
    }

    /// All files that the module of an alteration leads to, its own among them.
    fn reached(&self, node: usize) -> BTreeSet<PathBuf> {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![self.nodes[node].file.clone()];
        if self.is_root_everywhere {
            waiting.push(ROOT.into());
        }
        loop {
            while let Some(path) = waiting.pop() {
                if !reached.insert(path.clone()) {
                    continue;
                }
                let Some(file) = self.files.get(&path) else { continue };
                waiting.extend(file.named.iter().cloned());
                waiting.extend(file.included.iter().cloned());
                waiting.extend(file.declared.iter().map(|child| self.nodes[*child].file.clone()));
                if file.includes_any {
                    waiting.extend(self.everything.iter().cloned());
                }
            }
            // A module that implements something for what is reached works without being named.
            let is_of_another = |path: &Path| {
                self.alterations.values().any(|other| self.nodes[*other].file == path)
            };
            let outward = self.files.iter().filter(|(path, file)| {
                let touches = || file.named.iter().any(|named| reached.contains(named));
                file.reaches_out && !reached.contains(*path) && !is_of_another(path) && touches()
            });
            waiting.extend(outward.map(|(path, _)| path.clone()));
            if waiting.is_empty() {
                return reached;
            }
        }
    }

    fn checksum(&self, files: &[PathBuf]) -> Result<Checksum, RustSourcesError> {
        let mut parts = Vec::new();
        for path in files {
            let contents = self.bytes(path)?;
            parts.push(name(path).into_bytes());
            parts.push(without_returns(&contents));
        }
        Ok(Checksum::of_parts(parts.iter().map(Vec::as_slice)))
    }
}

/// Pushes the path at the start of `tokens`, or all of a group.
fn follow(tokens: &[Token], mut path: Vec<String>, paths: &mut Vec<Vec<String>>) {
    let mut rest = tokens;
    loop {
        match rest {
            [Token::Word(name), after @ ..] => {
                if *name != "self" || path.is_empty() {
                    path.push((*name).to_owned());
                }
                match after {
                    [Token::Sign(':'), Token::Sign(':'), after @ ..] => rest = after,
                    _ => return paths.push(path),
                }
            }
            [Token::Sign('{'), inner @ ..] => {
                return parts(inner).for_each(|part| follow(part, path.clone(), paths));
            }
            // All of a module, or arguments of a type.
            _ => return paths.push(path),
        }
    }
}

/// What stands between the commas of a group, up to the brace that ends it.
fn parts<'t, 'a>(tokens: &'t [Token<'a>]) -> impl Iterator<Item = &'t [Token<'a>]> {
    let mut depth = 0_usize;
    let mut starts = vec![0];
    let mut end = tokens.len();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') if depth == 0 => {
                end = at;
                break;
            }
            Token::Sign('}') => depth -= 1,
            Token::Sign(',') if depth == 0 => starts.push(at + 1),
            _ => {}
        }
    }
    starts.into_iter().map(move |start| &tokens[start..end]).filter(|part| !part.is_empty())
}

/// Whether a path can begin after `before`: not in `pub(crate)`, nor within a path.
fn is_start(before: &[Token]) -> bool {
    !matches!(
        before,
        [.., Token::Word("pub"), Token::Sign('(')]
            | [.., Token::Word("pub"), Token::Sign('('), Token::Word("in")]
            | [.., Token::Sign(':'), Token::Sign(':')]
    )
}

/// The file that `#[path = "…"]` names before a `mod`.
fn path_attribute<'a>(before: &[Token<'a>]) -> Option<&'a str> {
    // The attributes follow what ends the item before.
    let is_end = |token: &Token| matches!(token, Token::Sign(';' | '{' | '}'));
    let start = before.iter().rposition(is_end).map_or(0, |at| at + 1);
    before[start..].windows(3).find_map(|window| match window {
        [Token::Word("path"), Token::Sign('='), Token::Text(path)] => Some(*path),
        _ => None,
    })
}

/// What a macro puts into the text.
enum Included<'a> {
    /// A file beside the one that includes it.
    Beside(&'a str),
    /// A file of the project.
    OfProject(&'a str),
    /// What its text does not say.
    Unknown,
    /// What the build script wrote, or no macro.
    Nothing,
}

/// Reads what follows `include` and its like.
fn included<'a>(tokens: &[Token<'a>]) -> Included<'a> {
    let open = Token::Sign('(');
    match tokens {
        [Token::Sign('!'), Token::Sign('(' | '[' | '{'), inner @ ..] => match inner {
            [Token::Text(path), Token::Sign(')' | ']' | '}' | ','), ..] => Included::Beside(path),
            [
                Token::Word("concat"),
                Token::Sign('!'),
                first,
                Token::Word("env"),
                Token::Sign('!'),
                second,
                Token::Text(variable),
                Token::Sign(')'),
                Token::Sign(','),
                Token::Text(path),
                Token::Sign(')' | ','),
                ..,
            ] if *first == open && *second == open => match *variable {
                "CARGO_MANIFEST_DIR" => Included::OfProject(path),
                "OUT_DIR" => Included::Nothing,
                _ => Included::Unknown,
            },
            _ => Included::Unknown,
        },
        _ => Included::Nothing,
    }
}

/// Whether there is an `impl` for a type that the text does not define.
fn reaches_out(tokens: &[Token]) -> bool {
    let defined: BTreeSet<&str> = tokens
        .windows(2)
        .filter_map(|window| match window {
            [Token::Word("struct" | "enum" | "union" | "type" | "trait"), Token::Word(name)] => {
                Some(*name)
            }
            _ => None,
        })
        .collect();
    (0..tokens.len()).filter(|at| tokens[*at] == Token::Word("impl")).any(|at| {
        // Elsewhere it is a type.
        let is_item = matches!(
            tokens[..at].last(),
            None | Some(Token::Sign('{' | '}' | ';' | ']') | Token::Word("unsafe" | "default"))
        );
        let header = tokens[at + 1..].split(|token| *token == Token::Sign('{')).next();
        let header = header.unwrap_or_default();
        let of = header.iter().rposition(|token| *token == Token::Word("for"));
        let of = header[of.map_or(0, |at| at + 1)..].iter();
        let mut of = of.take_while(|token| **token != Token::Word("where"));
        is_item && !of.any(|token| matches!(token, Token::Word(name) if defined.contains(name)))
    })
}

/// Adds the files of a folder and those below it, but what a build leaves there.
fn files_below(root: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true if entry.file_name() == "target" => {}
            true => files_below(root, &path, files)?,
            false => {
                files.insert(path);
            }
        }
    }
    Ok(())
}

/// The path without `.` and `..` where that is possible without asking the file system.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// The path as it is written everywhere.
fn name(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

fn without_returns(text: &[u8]) -> Vec<u8> {
    let is_kept = |at: &usize| !(text[*at] == b'\r' && text.get(at + 1) == Some(&b'\n'));
    (0..text.len()).filter(is_kept).map(|at| text[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "src/alterations/1.0.0-1-one.rs";
    const TWO: &str = "src/alterations/1.1.0-2-two.rs";
    const HOOKS: &str = "pub struct Mine;\nimpl Alteration for Mine {}\n";

    struct Project(tempfile::TempDir);

    impl Project {
        fn new(files: &[(&str, &str)]) -> Self {
            let project = Self(tempfile::tempdir().unwrap());
            project.write(ROOT, "pub mod slug;\nmod deep;\nmod other;\n");
            project.write("src/slug.rs", "pub fn slug() {}\n");
            project.write("src/deep/mod.rs", "pub mod inner;\npub fn far() {}\n");
            project.write("src/deep/inner.rs", "use crate::slug::slug;\n");
            project.write("src/other.rs", "");
            project.write(ONE, HOOKS);
            project.write(TWO, HOOKS);
            for (path, text) in files {
                project.write(path, text);
            }
            project
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn describe(&self) -> BTreeMap<AlterationId, RustAlteration> {
            describe(self.0.path()).unwrap()
        }

        fn one(&self) -> RustAlteration {
            self.describe().remove(&"1.0.0-1-one".parse().unwrap()).unwrap()
        }

        /// The files of an alteration with `text` before its hooks, but for its own.
        fn files(&self, text: &str) -> Vec<String> {
            self.write(ONE, &format!("{text}\n{HOOKS}"));
            self.one().files.iter().skip(1).map(|path| name(path)).collect()
        }

        fn error(&self) -> String {
            describe(self.0.path()).unwrap_err().to_string()
        }
    }

    const DEEP: [&str; 3] = ["src/deep/inner.rs", "src/deep/mod.rs", "src/slug.rs"];
    const ALL: [&str; 5] =
        ["src/deep/inner.rs", "src/deep/mod.rs", "src/lib.rs", "src/other.rs", "src/slug.rs"];

    #[test]
    fn files_are_those_that_are_named() {
        let project = Project::new(&[]);
        let slug = ["src/slug.rs"].as_slice();
        let table: &[(&str, &[&str])] = &[
            ("", &[]),
            ("use alteration_sdk::prelude::*;", &[]),
            ("use crate::slug::slug_of;", slug),
            ("use super::slug;", slug),
            ("fn f() { crate::slug::slug::<u8>() }", slug),
            ("use crate::{other::{self, x}, slug as s};", &["src/other.rs", "src/slug.rs"]),
            ("use crate::deep;", &DEEP),
            ("use crate::deep::inner;", &DEEP),
            // An item of the root may use all of it.
            ("use crate::item;", &ALL),
            ("use crate::*;", &ALL),
            ("use super::*;", &ALL),
            ("use crate as me;", &ALL),
            // No code, or no path.
            ("// crate::slug\n/* crate::slug /* */ crate::slug */", &[]),
            ("const A: &str = \"crate::slug\"; const B: &str = r#\"\"crate::slug\"#;", &[]),
            ("const Q: char = '\"'; use crate::slug; const R: char = '\\'';", slug),
            ("fn f<'a>(x: &'a str) {} use crate::slug;", slug),
            ("pub(crate) fn f() {} pub(super) fn g() {}", &[]),
            ("mod tests { use super::*; }", &[]),
            ("mod tests { use super::super::slug; }", slug),
            ("use crate::alteration_1_1_0_2_two::Mine;", &[TWO]),
        ];
        for (text, expected) in table {
            assert_eq!(project.files(text), *expected, "{text}");
        }
    }

    #[test]
    fn children_and_what_is_included_belong_to_a_module() {
        let project = Project::new(&[
            ("src/alterations/child.rs", "use super::super::slug;"),
            ("src/alterations/odd.rs", ""),
            ("src/alterations/rows.csv", "1"),
            ("sql/one.sql", "SELECT 1"),
            ("src/part.rs", "fn part() { crate::slug::slug() }"),
        ]);
        let table: &[(&str, &[&str])] = &[
            ("mod child;", &["src/alterations/child.rs", "src/slug.rs"]),
            ("#[path = \"odd.rs\"]\n#[allow(unused)]\nmod other;", &["src/alterations/odd.rs"]),
            ("const A: &str = include_str!(\"rows.csv\");", &["src/alterations/rows.csv"]),
            ("const A: &str = include_str!(\"../../sql/one.sql\");", &["sql/one.sql"]),
            (
                "const A: &[u8] = include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/sql/one.sql\"));",
                &["sql/one.sql"],
            ),
            ("include!(\"../part.rs\");", &["src/part.rs", "src/slug.rs"]),
        ];
        for (text, expected) in table {
            assert_eq!(project.files(text), *expected, "{text}");
        }
        let any = project.files("const A: &str = include_str!(concat!(\"a\", \".csv\"));");
        assert!(ALL.iter().all(|file| any.contains(&(*file).to_owned())), "{any:?}");
        assert!(!any.contains(&TWO.to_owned()), "{any:?}");
    }

    #[test]
    fn what_works_without_being_named_counts() {
        let project = Project::new(&[("src/other.rs", "impl crate::slug::Slug { fn x() {} }")]);
        assert_eq!(project.files("use crate::slug;"), ["src/other.rs", "src/slug.rs"]);
        project.write("src/other.rs", "use crate::slug::Show; struct A; impl Show for A {}");
        assert_eq!(project.files("use crate::slug;"), ["src/slug.rs"]);
        project.write("src/other.rs", "use crate::slug::Show; impl Show for i64 {}");
        assert_eq!(project.files("use crate::slug;"), ["src/other.rs", "src/slug.rs"]);
        assert_eq!(project.files(""), [] as [&str; 0]);
        project.write(ROOT, "macro_rules! all { () => {} }\nmod slug;\nmod other;");
        assert_eq!(project.files(""), ["src/lib.rs", "src/other.rs", "src/slug.rs"]);
    }

    #[test]
    fn an_edit_changes_what_names_it() {
        let project = Project::new(&[(ONE, &format!("use crate::slug::slug;\r\n{HOOKS}"))]);
        let sources = || project.describe().into_values().map(|one| one.source).collect::<Vec<_>>();
        let before = sources();
        assert_ne!(before[0], before[1]);
        let changed = |path: &str, text: &str| {
            let file = project.0.path().join(path);
            let original = fs::read_to_string(&file).unwrap();
            project.write(path, text);
            let after = sources();
            fs::write(file, original).unwrap();
            [0, 1].map(|at| after[at] != before[at])
        };
        assert_eq!(changed("src/slug.rs", "pub fn slug() { edited }"), [true, false]);
        assert_eq!(changed("src/other.rs", "edited"), [false, false]);
        assert_eq!(changed(TWO, &format!("{HOOKS} edited")), [false, true]);
        assert_eq!(changed(ONE, &format!("use crate::slug::slug;\n{HOOKS}")), [false, false]);
        assert_eq!(changed("src/slug.rs", "pub fn slug() {}\r\n"), [false, false]);
        // A module that is added changes nothing that is there.
        let root = "pub mod slug;\nmod deep;\nmod other;\nmod more;\n";
        assert_eq!(changed(ROOT, root), [false, false]);
    }

    #[test]
    fn hooks_are_those_of_the_module_itself() {
        let table: &[(&str, &[&str])] = &[
            ("impl Alteration for A {}", &["down", "up"]),
            (
                "impl alteration_sdk::Alteration for A {} impl Backfill for A {}",
                &["down", "step", "up"],
            ),
            (
                "impl Alteration for A {}\nimpl Preparation for A {}",
                &["before-down", "before-up", "down", "up"],
            ),
            (
                "impl<T> From<T> for A {} impl Alteration for A {} mod tests { impl Backfill for B {} impl Alteration for B {} }",
                &["down", "up"],
            ),
            ("impl Alteration for A {} // impl Backfill for A {}", &["down", "up"]),
        ];
        for (text, expected) in table {
            let project = Project::new(&[(ONE, text)]);
            let hooks: Vec<String> = project.one().hooks.into_iter().collect();
            assert_eq!(hooks, *expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_alteration_is_named() {
        let table = [
            (ONE, "struct A;", "src/alterations/1.0.0-1-one.rs: no `impl Alteration for` a type"),
            (
                ONE,
                "impl Alteration for A {} impl Alteration for B {}",
                "src/alterations/1.0.0-1-one.rs: A and B are an Alteration; give each a module of its own",
            ),
            (
                "src/alterations/my-helper.rs",
                "",
                "src/alterations/my-helper.rs: the file's name is no id",
            ),
        ];
        for (path, text, expected) in table {
            let error = Project::new(&[(path, text)]).error();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_draft_is_built_again_when_anything_of_the_crate_changes() {
        let project = Project::new(&[("sdk/plugins/sdk/src/lib.rs", "")]);
        let mut sums = BTreeSet::from([toolchain(project.0.path()).unwrap()]);
        let edited = ["src/other.rs", "sdk/plugins/sdk/src/lib.rs", "Cargo.toml", "build.rs"];
        for path in edited {
            project.write(path, "edited");
            assert!(sums.insert(toolchain(project.0.path()).unwrap()), "{path}");
        }
        project.write("README.md", "edited");
        assert!(!sums.insert(toolchain(project.0.path()).unwrap()));
    }
}
