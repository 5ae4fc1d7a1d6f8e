//! Targets: how far to deploy. `latest`, `next`, or `vendor/name@version`.

use crate::alteration::{AlterationId, PluginName, Version};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// How far one plugin is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// Everything released.
    Latest,
    /// Everything, also what is not released yet.
    Next,
    /// Everything up to and including this version.
    Version(Version),
}

/// How far to deploy, for all plugins or for the named ones alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    All(Bound),
    /// These plugins as far as said, and what they require as far as released. Nothing else.
    Plugins(BTreeMap<PluginName, Bound>),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseTargetError {
    #[error(
        "`{}` is not a target: expected `latest`, `next` or `vendor/name@version`",
        crate::escape::Escaped(.0)
    )]
    Shape(String),
    #[error("the target {0} is given twice")]
    Twice(PluginName),
    #[error("`latest` and `next` stand alone; they cannot be combined with other targets")]
    Mixed,
}

impl Default for Target {
    fn default() -> Self {
        Self::All(Bound::Latest)
    }
}

impl Bound {
    /// Returns whether an alteration is within the bound. One without a version always is.
    pub fn includes(&self, id: &AlterationId) -> bool {
        match self {
            Self::Next => true,
            Self::Latest => !id.is_next(),
            Self::Version(bound) => id.version().is_none_or(|version| version <= bound),
        }
    }
}

impl FromStr for Bound {
    type Err = ParseTargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "latest" => Ok(Self::Latest),
            "next" => Ok(Self::Next),
            version => version
                .parse()
                .map(Self::Version)
                .map_err(|_| ParseTargetError::Shape(text.to_owned())),
        }
    }
}

impl Target {
    /// Combines what was given on the command line; nothing means `latest`.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, ParseTargetError> {
        let shape = |text: &str| ParseTargetError::Shape(text.to_owned());
        match texts {
            [] => return Ok(Self::default()),
            [one] if !one.as_ref().contains('@') => match one.as_ref().parse()? {
                Bound::Version(_) => return Err(shape(one.as_ref())),
                bound => return Ok(Self::All(bound)),
            },
            _ => {}
        }
        let mut plugins = BTreeMap::new();
        for text in texts.iter().map(AsRef::as_ref) {
            if matches!(text, "latest" | "next") {
                return Err(ParseTargetError::Mixed);
            }
            let (plugin, bound) = text.split_once('@').ok_or_else(|| shape(text))?;
            let plugin: PluginName = plugin.parse().map_err(|_| shape(text))?;
            let bound = bound.parse().map_err(|_| shape(text))?;
            if plugins.insert(plugin.clone(), bound).is_some() {
                return Err(ParseTargetError::Twice(plugin));
            }
        }
        Ok(Self::Plugins(plugins))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Next => f.write_str("next"),
            Self::Version(version) => version.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsing() {
        assert_eq!(Target::parse::<&str>(&[]), Ok(Target::All(Bound::Latest)));
        assert_eq!(Target::parse(&["next"]), Ok(Target::All(Bound::Next)));
        let Ok(Target::Plugins(plugins)) = Target::parse(&["a/b@1.2.0", "a/c@next"]) else {
            panic!("two plugins")
        };
        assert_eq!(plugins.len(), 2);
        for bad in [
            &["1.2.0"][..],
            &["a/b"],
            &["a/b@x"],
            &["A@1.0.0"],
            &["latest", "a/b@1.0.0"],
            &["a/b@1.0.0", "a/b@next"],
        ] {
            assert!(Target::parse(bad).is_err(), "{bad:?}");
        }
    }
}
