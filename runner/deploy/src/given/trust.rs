//! Whom the operator trusts with more than the database: where the URL's user reaches the server itself, so does
//! every hook.
//!
//! Pure. What a user may do is read in `backend/powers.rs`.

use crate::{
    alteration::{ParsePluginError, PluginName},
    backend::{Powers, Reach},
    escape::Escaped,
};
use serde::Serialize;
use std::{collections::BTreeSet, fmt, str::FromStr};

/// Plugins that the operator means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// `*`: all of them.
    All,
    /// `acme/*`: whatever this vendor ships.
    Vendor(String),
    /// `acme/shop`.
    Plugin(PluginName),
}

pub type Trusts = BTreeSet<Trust>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected VENDOR/NAME, `VENDOR/*` or `*`: {0}")]
pub struct ParseTrustError(ParsePluginError);

impl Trust {
    /// The precision of a plugin's own name.
    pub(crate) const NAMED: u8 = 2;

    /// How much it says of a plugin that it covers: more than another if it is greater.
    pub(crate) fn precision(&self) -> u8 {
        match self {
            Self::All => 0,
            Self::Vendor(_) => 1,
            Self::Plugin(_) => Self::NAMED,
        }
    }

    pub fn covers(&self, plugin: &PluginName) -> bool {
        match self {
            Self::All => true,
            Self::Vendor(vendor) => plugin.vendor() == vendor,
            Self::Plugin(trusted) => trusted == plugin,
        }
    }
}

impl FromStr for Trust {
    type Err = ParseTrustError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_suffix("/*") {
            _ if text == "*" => Ok(Self::All),
            // A vendor is what stands before a name.
            Some(vendor) if format!("{vendor}/x").parse::<PluginName>().is_ok() => {
                Ok(Self::Vendor(vendor.to_owned()))
            }
            _ => text.parse().map(Self::Plugin).map_err(ParseTrustError),
        }
    }
}

/// Plugins that would run as a user who reaches beyond the database, and that the operator did not say to trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Powerful {
    #[serde(flatten)]
    pub powers: Powers,
    /// In the order in which they would run first; never empty.
    pub plugins: Vec<PluginName>,
    /// Those of them of which something lies in another folder than what is recorded: to trust their name is not enough.
    pub claimed: Vec<PluginName>,
}

impl Powerful {
    /// What a hook could do, as the end of a sentence about a plugin.
    pub fn danger(&self) -> &'static str {
        match self.powers.reach() {
            Some(Reach::Programs) | None => "could run programs on the server",
            Some(Reach::Files) => "could write files and run programs on the server",
            Some(Reach::Accounts) => {
                "could take over the server's accounts, and with them write files and run programs on the server"
            }
            Some(Reach::Reads) => "could read files on the server",
        }
    }
}

impl fmt::Display for Powerful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Rights that are named; the worst are first.
        const NAMED_MAX: usize = 3;
        let Powers { user, held, .. } = &self.powers;
        let mut by: Vec<String> =
            held.iter().take(NAMED_MAX).map(|power| Escaped(&power.by).to_string()).collect();
        if held.len() > NAMED_MAX {
            by.push(format!("and {} more", held.len() - NAMED_MAX));
        }
        let plugins: Vec<&str> = self.plugins.iter().map(PluginName::as_str).collect();
        let (by, plugins) = (by.join(", "), plugins.join(", "));
        write!(f, "the user `{}` {by}: {plugins} {}", Escaped(user), self.danger())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_trusted() {
        let plugin = |text: &str| text.parse::<PluginName>().unwrap();
        let (shop, crm, other) = (plugin("acme/shop"), plugin("acme/crm"), plugin("acme-2/shop"));
        let table = [
            ("acme/shop", [true, false, false]),
            ("acme/*", [true, true, false]),
            ("*", [true, true, true]),
            ("acme-2/*", [false, false, true]),
        ];
        for (text, expected) in table {
            let trust: Trust = text.parse().unwrap();
            assert_eq!(
                [&shop, &crm, &other].map(|plugin| trust.covers(plugin)),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for bad in [
            "", "acme", "*/*", "*/shop", "acme/", "/*", "acme/s*", "acme/**", "a/b/*", "Acme/*",
            "**",
        ] {
            let error = bad.parse::<Trust>().unwrap_err().to_string();
            assert!(error.contains("VENDOR/NAME"), "{bad}: {error}");
        }
    }

    #[test]
    fn it_says_who_could_do_what() {
        use crate::backend::Power;
        let power = |reach, by: &str| Power { reach, by: by.to_owned() };
        let mut held = vec![power(Reach::Programs, "is a superuser")];
        let said = |held: &[Power]| {
            let powers =
                Powers { user: "o\u{7}".to_owned(), held: held.to_vec(), owner_sql: Vec::new() };
            let plugins = ["a/b", "c/d"].map(|plugin| plugin.parse().unwrap()).to_vec();
            Powerful { powers, plugins, claimed: Vec::new() }.to_string()
        };
        assert_eq!(
            said(&held),
            "the user `o\\u{7}` is a superuser: a/b, c/d could run programs on the server"
        );
        held[0] = power(Reach::Files, "has FILE on *.*");
        held.extend(["x", "y", "z", "w"].map(|by| power(Reach::Accounts, by)));
        assert_eq!(
            said(&held),
            "the user `o\\u{7}` has FILE on *.*, x, y, and 2 more: a/b, c/d could write files and run programs on the server"
        );
    }
}
