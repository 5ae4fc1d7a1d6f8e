//! Versions of plugins: released (semantic versioning) or `next`.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The version part of an alteration's id. `Next` orders after every release.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Version {
    Released(semver::Version),
    /// Not yet released: left alone unless the target says `next`.
    Next,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not a version: expected MAJOR.MINOR.PATCH, as in 1.4.0, or `next`",
    crate::escape::Escaped(.0)
)]
pub struct ParseVersionError(String);

impl Version {
    /// Returns whether a plugin at this version meets `requirement`. `next` is newer than any bound.
    pub fn meets(&self, requirement: &semver::VersionReq) -> bool {
        match self {
            Self::Released(version) => requirement.matches(version),
            Self::Next => true,
        }
    }
}

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "next" {
            return Ok(Self::Next);
        }
        // File names write the `-` before a pre-release as `_`, because `-` separates an id's parts.
        semver::Version::parse(&text.replacen('_', "-", 1))
            .map(Self::Released)
            .map_err(|_| ParseVersionError(text.to_owned()))
    }
}

impl TryFrom<String> for Version {
    type Error = ParseVersionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Released(version) => version.fmt(f),
            Self::Next => f.write_str("next"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order() {
        let versions: Vec<Version> = ["1.0.0_beta.2", "1.0.0", "1.2.0", "1.10.0", "next"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        assert!(versions.is_sorted());
    }

    #[test]
    fn next_meets_every_requirement() {
        assert!(Version::Next.meets(&">=9".parse().unwrap()));
        assert!(!"1.1.0".parse::<Version>().unwrap().meets(&">=1.2".parse().unwrap()));
    }
}
