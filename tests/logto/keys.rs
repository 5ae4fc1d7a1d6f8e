//! Ids and keys that scripts make: of the operator's randomness, and never the same on two databases.

use crate::{
    component::{ok, pack},
    original::{AFTER, Original},
    place::Place,
    support::Sandbox,
};
use std::collections::HashSet;

/// What the chain makes itself where it begins with a database from before there were any ids or keys.
const MADE: [&str; 4] = [
    "SELECT value->0->>'value' FROM logto_configs WHERE key = 'oidc.privateKeys' AND tenant_id = 'admin'",
    "SELECT value->0->>'id' FROM logto_configs WHERE key = 'oidc.privateKeys' AND tenant_id = 'admin'",
    "SELECT value->0->>'value' FROM logto_configs WHERE key = 'oidc.cookieKeys' AND tenant_id = 'admin'",
    "SELECT db_user_password FROM tenants WHERE db_user_password IS NOT NULL",
];

fn made(sandbox: &Sandbox) -> Vec<String> {
    MADE.iter().flat_map(|sql| sandbox.rows(sql)).collect()
}

#[test]
fn no_two_databases_get_the_same_ids_or_keys() {
    let place = Place::start();
    let first = place.sandbox();
    let original = Original::install(&first, AFTER);
    original.seed(&first);
    original.roll_back(&first, "0.0.1");
    let second = place.twin(&first);
    for sandbox in [&first, &second] {
        pack(sandbox, AFTER);
        ok(sandbox, &["deploy", "plugins"]);
    }
    let (first_made, second_made) = (made(&first), made(&second));
    assert_eq!(first_made.len(), second_made.len());
    assert!(first_made.len() >= MADE.len(), "{first_made:#?}");
    let all: HashSet<&String> = first_made.iter().chain(&second_made).collect();
    assert_eq!(all.len(), first_made.len() + second_made.len(), "{first_made:#?} {second_made:#?}");
    for made in [&first_made, &second_made] {
        assert!(is_p384(&first, &made[0]), "{}", made[0]);
    }
}

/// Returns whether OpenSSL takes it for a whole private key of the curve.
fn is_p384(sandbox: &Sandbox, pem: &str) -> bool {
    let file = sandbox.write("key.pem", pem);
    let output = std::process::Command::new("openssl")
        .args(["pkey", "-check", "-noout", "-text", "-in"])
        .arg(file)
        .output()
        .expect("openssl");
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success() && text.contains("Key is valid") && text.contains("secp384r1")
}
