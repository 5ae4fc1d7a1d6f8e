//! Plans as tables: files and state on the left, what is planned on the right.

mod begun;
mod dialects;
mod drafts;
mod folders;
mod mended;
mod requirements;
mod rollback;
mod takeovers;

use super::*;
use crate::{
    alteration::{
        Catalog, Checksum, ComponentFile, Declaration, DeclaredHooks, Dialect, Manifest,
        Permissions, Requirements, SettingNames,
    },
    record::{Attempt, Entropy, Revision, Run, Snapshot, StateRow, Status},
};

/// Builds `plugin id [draft] [requires…] [replaces:plugin] [needs:id]` lines into a catalog, one component each.
fn files(lines: &[&str]) -> Catalog {
    let components = lines.iter().map(|line| {
        let mut words = line.split_whitespace();
        let (plugin, id) = (words.next().unwrap(), words.next().unwrap());
        let mut manifest =
            Manifest::new(plugin.parse().unwrap(), vec![Declaration::new(id.parse().unwrap())]);
        let (drafts, requirements): (Vec<&str>, Vec<&str>) =
            words.partition(|word| *word == "draft");
        for requirement in requirements {
            if let Some(old) = requirement.strip_prefix("replaces:") {
                manifest.replaces = Some(old.parse().unwrap());
                continue;
            }
            if let Some(needs) = requirement.strip_prefix("needs:") {
                manifest.alterations[0].needs.insert(needs.parse().unwrap());
                continue;
            }
            let (plugin, version) = requirement.split_once('@').unwrap();
            manifest.requires.insert(plugin.parse().unwrap(), version.parse().unwrap());
        }
        let path = format!("{plugin}/{id}.wasm");
        let file = ComponentFile::released(path, Checksum::of(id.as_bytes()), manifest);
        match drafts.is_empty() {
            true => file,
            false => ComponentFile { component_checksum: Checksum::of(b"marked"), ..file },
        }
    });
    Catalog::new(components).unwrap()
}

/// Builds `plugin id status [requires…]` lines into a state; a `!` after the status means that
/// another file was applied, a `~` that it was a draft, a `^` that it is irreversible, a `>` that its `up` has
/// not ended, a `<` that its `down` has not.
fn state(lines: &[&str]) -> Snapshot {
    let mut runs = Vec::new();
    let rows = lines.iter().enumerate().map(|(at, line)| {
        let mut words = line.split_whitespace();
        let (plugin, id) = (words.next().unwrap(), words.next().unwrap());
        let status = words.next().unwrap();
        let key = AlterationKey { plugin: plugin.parse().unwrap(), id: id.parse().unwrap() };
        let source = if status.contains('!') { "edited" } else { id };
        let row = StateRow {
            key: key.clone(),
            checksum: Checksum::of(source.as_bytes()),
            component_checksum: Checksum::of(source.as_bytes()),
            status: status.trim_end_matches(['!', '~', '^', '>', '<']).parse().unwrap(),
            applied_at: None,
            duration_ms: Some(1),
            statements: Some(1),
            rows_affected: None,
            applied_by: None,
            runner_version: None,
            permissions: Permissions::new(),
            settings: SettingNames::new(),
            requires: words
                .map(|word| word.split_once('@').unwrap())
                .map(|(plugin, version)| (plugin.parse().unwrap(), version.parse().unwrap()))
                .collect::<Requirements>(),
            irreversible: status.contains('^'),
            draft: status.contains('~'),
            revision: Revision(at as i64),
            error: status.starts_with("failed").then(|| "broken".to_owned()),
        };
        if status.contains(['>', '<']) {
            let direction = if status.contains('>') { Direction::Up } else { Direction::Down };
            let attempt = Attempt { direction, ..Attempt::down(&row) };
            let (entropy, now) = (Entropy::new([0; 32], 0), String::new());
            runs.push(Run::new(&attempt, Phase::Main, Dialect::Mariadb, "0.1.0", entropy, now));
        }
        (key, row)
    });
    let rows = rows.collect();
    let runs = runs.into_iter().map(|run| (run.key.clone(), run)).collect();
    Snapshot { revision: Some(Revision(100)), rows, runs, ..Snapshot::empty() }
}

/// Steps as `id reason`, then skipped as `-id reason`, then findings as `!text`.
fn shown(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter().map(|step| format!("{} {}", step.key.id, step.reason));
    let skipped = plan.skipped.iter().map(|skip| format!("-{} {}", skip.key.id, skip.reason));
    let findings = plan.findings.iter().map(|finding| {
        let mark = match finding.severity() {
            Severity::Note => "?",
            Severity::Decision => "!",
            Severity::Invalid => "!!",
        };
        format!("{mark}{finding}")
    });
    steps.chain(skipped).chain(findings).collect()
}

fn planned(lines: &[&str], rows: &[&str], targets: &[&str], policy: Policy) -> Vec<String> {
    let target = Target::parse(targets).unwrap();
    shown(&deploy(&files(lines), &state(rows), Dialect::Sqlite, &target, policy))
}

const ONE: &str = "a/x 1.0.0-100-one";
const TWO: &str = "a/x 1.1.0-200-two";
const NEXT: &str = "a/x next-300-three";

#[test]
fn what_is_pending_runs_in_order() {
    let strict = Policy::default();
    let table: &[(&[&str], &[&str], &[&str], &[&str])] = &[
        (
            &[TWO, ONE],
            &[],
            &[],
            &["1.0.0-100-one not applied yet", "1.1.0-200-two not applied yet"],
        ),
        (&[ONE, TWO], &["a/x 1.0.0-100-one applied"], &[], &["1.1.0-200-two not applied yet"]),
        (&[ONE], &["a/x 1.0.0-100-one applied"], &[], &[]),
        (&[ONE], &["a/x 1.0.0-100-one reverted"], &[], &["1.0.0-100-one was rolled back"]),
        (
            &[ONE],
            &["a/x 1.0.0-100-one failed"],
            &[],
            &[
                "1.0.0-100-one failed before, changed nothing",
                "?a/x 1.0.0-100-one failed and changed nothing: broken",
            ],
        ),
        (
            &[],
            &["a/y 1.0.0-1-y applied"],
            &[],
            &["?a/y has 1 applied alteration, but none of its files are here"],
        ),
    ];
    for (lines, rows, targets, expected) in table {
        assert_eq!(planned(lines, rows, targets, strict), *expected, "{lines:?} {rows:?}");
    }
}

#[test]
fn the_first_deploy_to_a_database_in_use_is_noted() {
    let told = |tables, lines: &[&str]| {
        let snapshot = Snapshot { tables, ..Snapshot::empty() };
        let target = Target::parse::<&str>(&[]).unwrap();
        shown(&deploy(&files(lines), &snapshot, Dialect::Sqlite, &target, Policy::default()))
    };
    let pending = "1.0.0-100-one not applied yet";
    assert_eq!(told(0, &[ONE]), [pending]);
    assert_eq!(told(1, &[ONE]), [pending, "?1 table was here before any alteration was recorded"]);
    let several = "?2 tables were here before any alteration was recorded";
    assert_eq!(told(2, &[ONE]), [pending, several]);
    assert_eq!(told(2, &[]), Vec::<String>::new(), "nothing runs");
}

#[test]
fn targets_bound_what_runs() {
    let all = [ONE, TWO, NEXT];
    let table: &[(&[&str], &[&str])] = &[
        (
            &[],
            &[
                "1.0.0-100-one not applied yet",
                "1.1.0-200-two not applied yet",
                "-next-300-three not released yet; --target next deploys it",
            ],
        ),
        (
            &["a/x@1.0.0"],
            &[
                "1.0.0-100-one not applied yet",
                "-1.1.0-200-two newer than the target 1.0.0",
                "-next-300-three newer than the target 1.0.0",
            ],
        ),
        (
            &["b/x@1.0.0"],
            &[
                "-1.0.0-100-one its plugin is not in the target",
                "-1.1.0-200-two its plugin is not in the target",
                "-next-300-three its plugin is not in the target",
                "!!the target names b/x, but there are no files of it",
            ],
        ),
    ];
    for (targets, expected) in table {
        assert_eq!(planned(&all, &[], targets, Policy::default()), *expected, "{targets:?}");
    }
    assert_eq!(planned(&all, &[], &["next"], Policy::default()).len(), 3);
    assert_eq!(
        planned(&[ONE], &[], &["a/x@7.0.0"], Policy::default()),
        [
            "1.0.0-100-one not applied yet",
            "?no alteration of a/x has the version 7.0.0; the newest is 1.0.0"
        ]
    );
    let above = planned(
        &[ONE, TWO],
        &["a/x 1.0.0-100-one applied", "a/x 1.1.0-200-two applied"],
        &["a/x@1.0.0"],
        Policy::default(),
    );
    assert_eq!(
        above,
        ["?a/x 1.1.0-200-two is applied, although it is newer than the target 1.0.0"]
    );
}

#[test]
fn what_needs_a_decision_is_found_and_can_be_allowed() {
    let allowed = Policy { out_of_order: true, changed: true, missing: true, ..Policy::default() };
    let table: &[(&[&str], &[&str], &[&str], &[&str])] = &[
        (
            &[ONE, TWO],
            &["a/x 1.1.0-200-two applied"],
            &[
                "1.0.0-100-one out of order: older than 1.1.0-200-two",
                "!a/x 1.0.0-100-one is out of order: 1.1.0-200-two is newer and already applied",
            ],
            &["1.0.0-100-one out of order: older than 1.1.0-200-two, allowed"],
        ),
        (
            &[TWO],
            &["a/x 1.0.0-100-one applied", "a/x 1.1.0-200-two applied"],
            &["!a/x 1.0.0-100-one is applied, but its file is missing"],
            &["?a/x 1.0.0-100-one is applied, but its file is missing"],
        ),
        // No flag makes these two right.
        (
            &[ONE],
            &[
                "a/x 1.0.0-100-one applied",
                "a/x 1.1.0-200-two applied",
                "a/x 1.2.0-300-more applied",
            ],
            &[
                "!the database is ahead of the files of a/x: 1.2.0-300-more is applied, the newest file is 1.0.0-100-one",
            ],
            &[
                "!the database is ahead of the files of a/x: 1.2.0-300-more is applied, the newest file is 1.0.0-100-one",
            ],
        ),
        (
            &[ONE],
            &["a/x 1.0.0-100-one running"],
            &["!a/x 1.0.0-100-one was begun and has not ended"],
            &["!a/x 1.0.0-100-one was begun and has not ended"],
        ),
    ];
    // What was begun goes on with its own bytes, never with others, whatever is allowed.
    let begun = planned(&[ONE], &["a/x 1.0.0-100-one failed!>"], &[], allowed);
    assert!(begun[1].starts_with("!a/x 1.0.0-100-one was begun with other contents"), "{begun:?}");
    for (lines, rows, strict, lenient) in table {
        assert_eq!(planned(lines, rows, &[], Policy::default()), *strict, "{lines:?} {rows:?}");
        assert_eq!(planned(lines, rows, &[], allowed), *lenient, "{lines:?} {rows:?}");
    }
    let changed = planned(&[ONE], &["a/x 1.0.0-100-one applied!"], &[], Policy::default());
    assert!(
        changed[0].starts_with("!a/x 1.0.0-100-one was changed after it was applied"),
        "{changed:?}"
    );
}

#[test]
fn a_plugin_in_two_folders_is_noted() {
    let file = |path: &str, id: &str| {
        let id: AlterationId = id.parse().unwrap();
        let manifest = Manifest::new("a/x".parse().unwrap(), vec![Declaration::new(id)]);
        let component_checksum = Checksum::of(path.as_bytes());
        ComponentFile::released(path, component_checksum, manifest)
    };
    let plan = |files: Vec<ComponentFile>| {
        let catalog = Catalog::new(files).unwrap();
        let (snapshot, target) = (Snapshot::empty(), Target::default());
        shown(&deploy(&catalog, &snapshot, Dialect::Sqlite, &target, Policy::default()))
    };
    let apart = plan(vec![file("a/x/1.wasm", "1-x"), file("evil/y/2.wasm", "2-x")]);
    assert_eq!(apart[2], "?a/x comes from several folders: a/x, evil/y");
    assert_eq!(plan(vec![file("a/x/1.wasm", "1-x"), file("a/x/2.wasm", "2-x")]).len(), 2);
}

#[test]
fn status_flags() {
    let catalog = files(&[ONE, TWO, NEXT]);
    let snapshot = state(&[
        "a/x 1.0.0-100-one failed",
        "a/x 1.1.0-200-two applied!",
        "a/x 1.2.0-250-gone applied",
    ]);
    let lines: Vec<String> = status(Some(&catalog), &snapshot, Dialect::Sqlite)
        .iter()
        .map(|line| {
            let flags: Vec<String> = line.flags.iter().map(ToString::to_string).collect();
            format!("{} {:?} {}", line.key.id, line.status, flags.join(" "))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "1.0.0-100-one Some(Failed) pending out-of-order",
            "1.1.0-200-two Some(Applied) changed",
            "1.2.0-250-gone Some(Applied) missing",
            "next-300-three None pending",
        ]
    );
    let known = status(None, &snapshot, Dialect::Sqlite);
    assert!(known.iter().all(|line| !line.flags.contains(&Flag::Missing)));
    assert_eq!(snapshot.rows.values().filter(|row| row.status == Status::Applied).count(), 2);
}
