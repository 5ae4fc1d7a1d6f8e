//! Where alterations are tried: a database of its own, made for it and removed afterwards.
//!
//! On a server the database that was named is only connected to. What a killed run leaves behind is
//! named and never removed: nobody can tell it from the one of a test that is under way elsewhere.

use crate::{
    backend::{self, Access, Backend, ConnectOptions, DatabaseUrl, SCRATCH_PREFIX, ScriptError},
    deploy::{Control, How},
    error::Error,
    escape::Escaped,
    event::{Event, ScratchEvent},
};
use std::path::{Path, PathBuf};

/// Random bytes in a name.
const NAME_BYTES: usize = 8;

/// A scratch database. Has to be ended.
pub(crate) struct Ground {
    pub(crate) url: DatabaseUrl,
    place: Place,
}

enum Place {
    Folder(tempfile::TempDir),
    Server { original: Box<DatabaseUrl>, name: String },
}

impl Ground {
    /// Makes one beside the database of `url`, through `server`, a connection to that.
    pub(crate) async fn beside(
        url: &DatabaseUrl,
        server: &mut Backend,
        control: &Control,
    ) -> Result<Self, Error> {
        let others = server.scratches().await?;
        if !others.is_empty() {
            (control.observer)(Event::Scratch(ScratchEvent::Others { names: &others }));
        }
        let name = name()?;
        let Some(scratch) = url.beside(&name) else {
            return Err(Error::NoScratch("the URL names no server".to_owned()));
        };
        server.make_scratch(&name).await?;
        Ok(Self { url: scratch, place: Place::Server { original: Box::new(url.clone()), name } }
            .made(control))
    }

    /// Makes a SQLite file in a temporary folder.
    pub(crate) fn in_folder(control: &Control) -> Result<Self, Error> {
        let prefix = SCRATCH_PREFIX.replace('_', "-");
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir();
        let folder = folder.map_err(|error| Error::NoScratch(error.to_string()))?;
        let file = folder.path().join("scratch.db").display().to_string();
        // These mean something else in a URL.
        let file = file.replace('%', "%25").replace('?', "%3F");
        let url = format!("sqlite:{file}").parse()?;
        Ok(Self { url, place: Place::Folder(folder) }.made(control))
    }

    fn made(self, control: &Control) -> Self {
        let url = self.url.to_string();
        (control.observer)(Event::Scratch(ScratchEvent::Made { url: &url }));
        self
    }

    /// Leaves it behind, and says where it is.
    pub(crate) fn keep(self) -> String {
        if let Place::Folder(folder) = self.place {
            let _: PathBuf = folder.keep();
        }
        self.url.to_string()
    }

    /// Removes it. Where that fails the observer is told, and the answer is where it is.
    pub(crate) async fn remove(
        self,
        options: &ConnectOptions,
        control: &Control,
    ) -> Option<String> {
        let shown = self.url.to_string();
        let removed = match self.place {
            Place::Folder(folder) => folder.close().map_err(|error| error.to_string()),
            Place::Server { original, name } => {
                remove(&original, &name, options).await.map_err(|error| error.to_string())
            }
        };
        let reason = removed.err()?;
        let event = ScratchEvent::NotRemoved { url: &shown, reason: &reason };
        (control.observer)(Event::Scratch(event));
        Some(shown)
    }
}

async fn remove(url: &DatabaseUrl, name: &str, options: &ConnectOptions) -> Result<(), Error> {
    let options = ConnectOptions { access: Access::Write, ..options.clone() };
    let mut server = backend::connect(url, options).await?;
    let removed = server.remove_scratch(name).await;
    server.close().await;
    Ok(removed?)
}

/// What the operator runs on a scratch database before anything.
pub(crate) struct Script {
    path: PathBuf,
    text: String,
}

impl Script {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { path: path.to_owned(), text }),
            Err(error) => {
                let reason = match error.kind() {
                    std::io::ErrorKind::NotFound => "no such file".to_owned(),
                    _ => error.to_string(),
                };
                Err(Error::Prepare { path: path.to_owned(), line: None, reason })
            }
        }
    }

    pub(super) async fn run(&self, backend: &mut Backend, control: &Control) -> Result<(), Error> {
        let mut cancelled = control.cancelled.clone();
        let ran = tokio::select! {
            ran = backend.run_script(&self.text) => ran,
            () = cancelled.cancelled() => {
                backend.abandon().await?;
                return Err(Error::Interrupted);
            }
        };
        ran.map_err(|error| match error {
            ScriptError::Statement { line, error } => {
                Error::Prepare { path: self.path.clone(), line: Some(line), reason: error.message }
            }
            ScriptError::Backend(error) => error.into(),
        })
    }
}

impl Script {
    /// Runs it and takes back what it did; what failed, if something did.
    pub(super) async fn check(
        &self,
        backend: &mut Backend,
        control: &Control,
    ) -> Result<Option<String>, Error> {
        let mut cancelled = control.cancelled.clone();
        let ran = tokio::select! {
            ran = backend.check_script(&self.text) => ran,
            () = cancelled.cancelled() => {
                backend.abandon().await?;
                return Err(Error::Interrupted);
            }
        };
        match ran {
            Ok(()) => Ok(None),
            Err(ScriptError::Statement { line, error }) => {
                let path = self.path.display().to_string();
                Ok(Some(format!(
                    "its check failed: {}: line {line}: {}",
                    Escaped(&path),
                    error.message
                )))
            }
            Err(ScriptError::Backend(error)) => Err(error.into()),
        }
    }
}

/// Runs the operator's script, then makes the runner's own tables.
pub(crate) async fn prepare(
    backend: &mut Backend,
    script: Option<&Script>,
    how: &How,
    control: &Control,
) -> Result<(), Error> {
    backend.lock(how.lock_patience, &mut |_| {}).await?;
    if let Some(script) = script {
        script.run(backend, control).await?;
    }
    backend.prepare().await?;
    backend.unlock().await;
    Ok(())
}

fn name() -> Result<String, Error> {
    let mut bytes = [0; NAME_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::NoScratch(error.to_string()))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{SCRATCH_PREFIX}{digits}"))
}
