//! Alterations for other databases: refused, or left out where only those need them.

use super::*;

#[test]
fn a_component_for_another_database_is_refused() {
    let mut manifest =
        Manifest::new("a/x".parse().unwrap(), vec![Declaration::new("1-x".parse().unwrap())]);
    manifest.dialects.insert(Dialect::Postgresql);
    let file = ComponentFile::released("x", Checksum::of(b""), manifest);
    let catalog = Catalog::new([file]).unwrap();
    let plan = deploy(
        &catalog,
        &Snapshot::empty(),
        Dialect::Sqlite,
        &Target::default(),
        Policy::default(),
    );
    assert_eq!(shown(&plan)[1], "!!a/x 1-x is written for postgresql, this database is sqlite");
}

/// Builds `a/x 1.0.0-1-a`, which only PostgreSQL needs and MariaDB's way back is missing of, and `a/x 1.1.0-2-b`.
fn for_some_dialects() -> Catalog {
    let mut first = Declaration::new("1.0.0-1-a".parse().unwrap());
    first.dialects = [Dialect::Postgresql, Dialect::Mariadb].into();
    let irreversible = DeclaredHooks { irreversible: true, ..first.hooks(Dialect::Postgresql) };
    first.per_dialect.insert(Dialect::Mariadb, irreversible);
    let second = Declaration::new("1.1.0-2-b".parse().unwrap());
    let file = |declaration: Declaration, path: &str| {
        let manifest = Manifest::new("a/x".parse().unwrap(), vec![declaration]);
        let component_checksum = Checksum::of(path.as_bytes());
        ComponentFile::released(path, component_checksum, manifest)
    };
    Catalog::new([file(first, "a"), file(second, "b")]).unwrap()
}

#[test]
fn what_only_other_databases_need_is_left_out() {
    let catalog = for_some_dialects();
    let plan = |dialect| {
        let (target, policy) = (Target::default(), Policy::default());
        deploy(&catalog, &Snapshot::empty(), dialect, &target, policy)
    };
    let second = "1.1.0-2-b not applied yet";
    assert_eq!(shown(&plan(Dialect::Sqlite)), [second, "-1.0.0-1-a only for postgresql, mariadb"]);
    for (dialect, irreversible) in [(Dialect::Postgresql, false), (Dialect::Mariadb, true)] {
        let plan = plan(dialect);
        assert_eq!(shown(&plan), ["1.0.0-1-a not applied yet", second]);
        assert_eq!(plan.steps[0].irreversible, irreversible);
    }
    let lines = status(Some(&catalog), &Snapshot::empty(), Dialect::Sqlite);
    assert!(lines[0].flags.is_empty() && lines[0].needed_on.len() == 2);
    assert!(lines[1].flags.contains(&Flag::Pending) && lines[1].needed_on.is_empty());
    let there = status(Some(&catalog), &Snapshot::empty(), Dialect::Mariadb);
    assert!(there[0].flags.contains(&Flag::Pending) && there[0].irreversible);
}
