//! The whole chain, down and up again, and the way of an upgrade: the runner leaves what the original leaves.

use crate::{
    alike::assert_alike,
    component::{ok, pack},
    original::{AFTER, BEFORE, Original},
    place::Place,
};

/// The chain of the newest release begins before its first version.
const NOTHING: &str = "0.0.1";

#[test]
fn the_whole_chain_goes_down_and_up_again_as_the_original_does() {
    let place = Place::start();
    let source = place.sandbox();
    Original::install(&source, AFTER).seed(&source);
    // Both are copies, because PostgreSQL does not read every expression back as it wrote it.
    let [theirs, ours] = [(); 2].map(|()| place.twin(&source));
    let original = Original::install(&theirs, AFTER);
    let seeded = theirs.server().pg_dump(&[]);
    assert_alike(&seeded, &theirs, &ours);

    pack(&ours, AFTER);
    ok(&ours, &["baseline", "plugins", "--to", "logto/core@latest"]);
    ok(&ours, &["rollback", "--plugin", "logto/core", "--to", NOTHING, "--baselined", "allow"]);
    original.roll_back(&theirs, NOTHING);
    assert_alike(&seeded, &theirs, &ours);

    let run = ok(&ours, &["deploy", "plugins", "--no-cache"]);
    assert!(run.stdout.contains("Applied 261 alterations"), "{run:#?}");
    original.deploy(&theirs);
    assert_alike(&seeded, &theirs, &ours);
    ok(&ours, &["check", "plugins"]);
}

#[test]
fn a_database_of_an_older_release_is_upgraded_as_the_original_does() {
    let place = Place::start();
    let source = place.sandbox();
    Original::install(&source, BEFORE).seed(&source);
    let [theirs, ours] = [(); 2].map(|()| place.twin(&source));
    let seeded = theirs.server().pg_dump(&[]);

    pack(&ours, BEFORE);
    ok(&ours, &["baseline", "plugins", "--to", "logto/core@latest"]);
    ok(&ours, &["check", "plugins"]);

    // The newer component takes the place of the older one, as an upgrade of the product does.
    pack(&ours, AFTER);
    let run = ok(&ours, &["deploy", "plugins"]);
    assert!(run.stdout.contains("Applied 33 alterations"), "{run:#?}");
    Original::install(&theirs, AFTER).deploy(&theirs);
    assert_alike(&seeded, &theirs, &ours);
}
