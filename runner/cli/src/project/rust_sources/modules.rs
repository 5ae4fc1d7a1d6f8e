//! The crate as a tree of modules and files, and which files a module leads to.
//!
//! Follows declarations, paths and includes from file to file; `words` reads each.

use super::{
    FOLDER, ROOT, RustSourcesError, alteration_files, files_below, name,
    words::{Included, follow, included, is_start, path_attribute, reaches_out},
};
use alteration_domain::alteration::Checksum;
use alteration_sdk_build::scan::{Token, tokens};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

/// A module of the crate, in a file of its own or within its parent's.
#[derive(Debug)]
struct Node {
    parent: usize,
    file: PathBuf,
    /// The folder that its children's files are in.
    folder: PathBuf,
    children: BTreeMap<String, usize>,
}

/// The modules and files that a file names.
#[derive(Debug, Default)]
struct File {
    /// From a module on; names that are no modules end a path.
    paths: Vec<(usize, Vec<String>)>,
    /// The modules that it holds or declares.
    declared: Vec<usize>,
    /// Files that it includes.
    included: BTreeSet<PathBuf>,
    /// Includes a file that its text does not name.
    includes_any: bool,
    /// Implements something for a type that it does not define.
    reaches_out: bool,
    /// The files that its paths lead to, once they are resolved.
    named: BTreeSet<PathBuf>,
}

/// The crate: a tree of modules, whose root is the first, and the files.
pub(super) struct Sources<'a> {
    root: &'a Path,
    nodes: Vec<Node>,
    files: BTreeMap<PathBuf, File>,
    /// The modules of alterations, as the build script names them.
    alterations: BTreeMap<String, usize>,
    /// The root has macros or names that are in scope everywhere, so that no path has to name it.
    is_root_everywhere: bool,
    /// All files of the crate but other alterations.
    everything: Vec<PathBuf>,
}

impl<'a> Sources<'a> {
    /// Reads the root module and all that it declares; alterations come afterwards.
    pub(super) fn new(root: &'a Path) -> Result<Self, RustSourcesError> {
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
    pub(super) fn alteration(
        &mut self,
        stem: &str,
        path: &Path,
    ) -> Result<usize, RustSourcesError> {
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

    pub(super) fn text(&self, path: &Path) -> Result<String, RustSourcesError> {
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

    /// Adds the module that `mod name;` declares; returns `None` where its file is not there.
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
    pub(super) fn resolve(&mut self) {
        let mut files = std::mem::take(&mut self.files);
        for file in files.values_mut() {
            for (start, path) in &file.paths {
                self.walk(*start, path, &mut file.named);
            }
        }
        self.files = files;
    }

    /// Collects the files of the modules along a path, and of the one that holds the item where it ends.
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

    /// Returns all files that the module of an alteration leads to, its own among them.
    pub(super) fn reached(&self, node: usize) -> BTreeSet<PathBuf> {
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

    /// Returns the checksum of the files' names and texts.
    pub(super) fn checksum(&self, files: &[PathBuf]) -> Result<Checksum, RustSourcesError> {
        let mut parts = Vec::new();
        for path in files {
            let contents = self.bytes(path)?;
            parts.push(name(path).into_bytes());
            parts.push(without_returns(&contents));
        }
        Ok(Checksum::of_parts(parts.iter().map(Vec::as_slice)))
    }
}

/// Returns the path without `.` and `..` where that is possible without asking the file system.
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

fn without_returns(text: &[u8]) -> Vec<u8> {
    let is_kept = |at: &usize| !(text[*at] == b'\r' && text.get(at + 1) == Some(&b'\n'));
    (0..text.len()).filter(is_kept).map(|at| text[at]).collect()
}
