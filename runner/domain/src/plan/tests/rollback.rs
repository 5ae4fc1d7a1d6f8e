//! Rollbacks: how far they go, and what cannot go back.

use super::*;

#[test]
fn going_back() {
    let rows = [
        "z/core 1.0.0-100-one applied",
        "a/ext 0.1.0-50-ext applied z/core@>=1.1",
        "z/core 1.1.0-200-two applied",
        "z/core 1.2.0-300-three applied",
    ];
    let back = |plugin: Option<&str>, target: RollbackTarget| {
        let plugin = plugin.map(|plugin| plugin.parse().unwrap());
        shown(&rollback(
            &state(&rows),
            plugin.as_ref(),
            &target,
            false,
            (&Catalog::default(), Dialect::Sqlite),
        ))
    };
    assert_eq!(back(None, RollbackTarget::Steps(1)), ["1.2.0-300-three the last one applied"]);
    assert_eq!(
        back(Some("z/core"), RollbackTarget::Version("1.1.0".parse().unwrap())),
        ["1.2.0-300-three newer than 1.1.0"]
    );
    assert_eq!(
        back(Some("z/core"), RollbackTarget::Version("1.0.0".parse().unwrap())),
        [
            "1.2.0-300-three newer than 1.0.0",
            "1.1.0-200-two newer than 1.0.0",
            "!a/ext 0.1.0-50-ext is applied and requires z/core >=1.1"
        ]
    );
    assert_eq!(back(Some("a/ext"), RollbackTarget::Nothing), ["0.1.0-50-ext newer than none"]);
    assert_eq!(back(None, RollbackTarget::Steps(9)).len(), 4);
    assert_eq!(
        back(Some("no/such"), RollbackTarget::Steps(1)),
        ["!!this database has no record of no/such"]
    );
}

#[test]
fn what_cannot_go_back_is_refused() {
    let irreversible = state(&["a/x 1.0.0-100-one applied^"]);
    let plan = rollback(
        &irreversible,
        None,
        &RollbackTarget::Steps(1),
        false,
        (&Catalog::default(), Dialect::Sqlite),
    );
    assert_eq!(shown(&plan)[1], "!a/x 1.0.0-100-one is irreversible: it has no way back");
    let unversioned = state(&["a/x 100-one applied"]);
    let plan = rollback(
        &unversioned,
        None,
        &RollbackTarget::Version("1.0.0".parse().unwrap()),
        false,
        (&Catalog::default(), Dialect::Sqlite),
    );
    assert_eq!(shown(&plan), ["!!a/x 100-one has no version to compare with `--to`"]);
    let reverted = state(&["a/x 1.0.0-100-one reverted", "a/x 1.1.0-200-two failed"]);
    assert!(
        rollback(
            &reverted,
            None,
            &RollbackTarget::Steps(2),
            false,
            (&Catalog::default(), Dialect::Sqlite)
        )
        .steps
        .is_empty()
    );
}
