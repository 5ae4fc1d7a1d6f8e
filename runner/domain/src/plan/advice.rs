//! Commands that take data along, as advice: the one place where they are spelled, so that none goes without saying so.

use crate::alteration::PluginName;

/// Going back with `how_far`, as in `--steps 2`.
pub(super) fn rollback(plugin: &PluginName, how_far: &str) -> String {
    format!(
        "`runner rollback --plugin {plugin} {how_far}`, which deletes what these alterations made, data included"
    )
}

/// Taking all of a plugin back.
pub(super) fn uninstall(plugin: &PluginName) -> String {
    format!(
        "`runner rollback --plugin {plugin} --to none` takes its alterations back and deletes their data: it says first which tables it drops, and `--export DIR` saves them"
    )
}

#[cfg(test)]
mod tests {
    use crate::plan::Finding;

    /// Every finding whose advice goes back.
    fn findings() -> Vec<Finding> {
        let plugin = || "a/x".parse().expect("a name");
        let id = || "1.0.0-1-x".parse().expect("an id");
        let key = || crate::alteration::AlterationKey { plugin: plugin(), id: id() };
        vec![
            Finding::Ahead { plugin: plugin(), applied: id(), newest_file: id(), newer: 2 },
            Finding::PluginAbsent { plugin: plugin(), applied: 1 },
            Finding::AboveTarget { key: key(), target: "1.0.0".to_owned() },
            Finding::StillRequired {
                dependent: key(),
                steps: 1,
                requires: plugin(),
                requirement: "*".to_owned(),
            },
            Finding::AppliedTwice { from: plugin(), to: plugin(), id: id() },
        ]
    }

    #[test]
    fn going_back_is_said_to_delete_data() {
        for finding in findings() {
            let advice = finding.advice();
            assert!(advice.contains("runner rollback"), "{advice}");
            assert!(advice.contains("delete") && advice.contains("data"), "{advice}");
        }
        let (plugin, id) = ("a/x".parse().expect("a name"), "1.0.0-1-x".parse().expect("an id"));
        let key = crate::alteration::AlterationKey { plugin, id };
        // Its command follows.
        let advice = Finding::UnfinishedRollback { key }.advice();
        assert!(advice.contains("delete") && advice.contains("data"), "{advice}");
    }
}
