//! What a database's own client takes from its surroundings where the URL is silent: variables, the user, the home folder.

use std::path::PathBuf;

/// The surroundings of this process, or those that a test makes up.
pub(super) struct Environment {
    variable: Box<dyn Fn(&str) -> Option<String> + Send + Sync>,
    /// The operating system's name for the user.
    pub(super) user: Option<String>,
    pub(super) home: Option<PathBuf>,
}

impl Environment {
    pub(super) fn of_process() -> Self {
        Self {
            variable: Box::new(|name| std::env::var(name).ok()),
            user: whoami::username().ok(),
            home: std::env::home_dir(),
        }
    }

    /// The variable's value, if it is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// A file in the home folder, if it is there.
    pub(super) fn file_at_home(&self, name: &str) -> Option<PathBuf> {
        let path = self.home.as_ref()?.join(name);
        path.is_file().then_some(path)
    }

    #[cfg(test)]
    pub(super) fn made_up(variables: &'static [(&str, &str)]) -> Self {
        Self {
            variable: Box::new(|name| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            }),
            user: Some("somebody".to_owned()),
            home: None,
        }
    }
}
