//! Which versions of `runner:alteration` fit this runner, by the rule of `decisions/0005`:
//!
//! ```text
//! this runner speaks 0.1.0     a component built against   is
//!                              0.1.0, 0.1.1, 0.1.9         linked, if this runner has what it uses
//!                              0.2.0, 1.0.0                told which version it needs
//!                              0.0.9                       told to be built anew
//! ```
//!
//! Knows names alone. What an interface of a name has in it is `offer`'s and `exports`' to compare.

use semver::Version;

/// What all names of the package begin with.
pub(super) const PACKAGE: &str = "runner:alteration/";

/// How another version stands to the one that this runner speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Either may have additions that the other lacks; what both have is the same.
    Compatible,
    Newer,
    Older,
}

/// `runner:alteration/hooks@0.1.1` as `runner:alteration/hooks` and its version; `None` for other packages, and
/// for names without a version.
pub(super) fn split(name: &str) -> Option<(&str, Version)> {
    let (base, version) = name.split_once('@')?;
    let version = version.parse().ok()?;
    base.starts_with(PACKAGE).then_some((base, version))
}

/// Judges a version that a component was built against. As the engine links names: what has the same first
/// number that is not 0, and no prerelease.
pub(super) fn fit(spoken: &Version, built: &Version) -> Fit {
    let is_same = spoken.cmp_precedence(built).is_eq();
    let is_released = spoken.pre.is_empty() && built.pre.is_empty();
    let is_on_track = match (spoken.major, spoken.minor) {
        (0, 0) => false,
        (0, minor) => built.major == 0 && built.minor == minor,
        (major, _) => built.major == major,
    };
    match is_same || (is_released && is_on_track) {
        true => Fit::Compatible,
        false if built > spoken => Fit::Newer,
        false => Fit::Older,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let hooks = "runner:alteration/hooks";
        assert_eq!(split("runner:alteration/hooks@0.1.1"), Some((hooks, Version::new(0, 1, 1))));
        for other in ["runner:alteration/hooks", "hooks@0.1.0", "runner:alteration/hooks@x", ""] {
            assert_eq!(split(other), None, "{other}");
        }
    }

    #[test]
    fn versions() {
        let table = [
            ("0.1.0", "0.1.0", Fit::Compatible),
            ("0.1.0", "0.1.9", Fit::Compatible),
            ("0.1.9", "0.1.0", Fit::Compatible),
            ("0.1.0", "0.1.0+built.later", Fit::Compatible),
            ("0.1.0", "0.1.1-rc.1", Fit::Newer),
            ("0.1.0", "0.2.0", Fit::Newer),
            ("0.1.0", "1.0.0", Fit::Newer),
            ("0.1.0", "0.0.9", Fit::Older),
            ("0.1.0", "0.1.0-rc.1", Fit::Older),
            ("0.0.1", "0.0.2", Fit::Newer),
            ("1.2.0", "1.9.0", Fit::Compatible),
            ("1.2.0", "0.9.0", Fit::Older),
        ];
        for (spoken, built, expected) in table {
            let found = fit(&spoken.parse().unwrap(), &built.parse().unwrap());
            assert_eq!(found, expected, "{spoken} and {built}");
        }
    }
}
