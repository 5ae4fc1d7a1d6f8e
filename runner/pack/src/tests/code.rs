//! What is code in a component, and what only describes it.

use super::{
    super::{is_same_code, section},
    options, pack_files,
};

fn packed(up: &str) -> Vec<u8> {
    let files: [(&str, &[u8]); 1] = [("1.0.0-1-a.up.sql", up.as_bytes())];
    pack_files(&files, &options()).unwrap().remove(0).bytes
}

#[test]
fn a_manifest_is_none() {
    let one = packed("CREATE TABLE a (x INT)");
    let manifest = br#"{"manifest":1,"plugin":"b/b","alterations":[{"id":"1.0.0-1-a"}]}"#;
    let renamed = section::append(&one, manifest).unwrap();
    assert_ne!(one, renamed);
    assert!(is_same_code(&one, &renamed));
    assert!(is_same_code(&one, &one));
}

#[test]
fn everything_that_runs_is() {
    let one = packed("CREATE TABLE a (x INT)");
    assert!(!is_same_code(&one, &packed("CREATE TABLE a (y INT)")));
    assert!(!is_same_code(&one, &packed("CREATE TABLE a (x INT) ")));
    assert!(!is_same_code(&one, b"hello"));
    assert!(!is_same_code(b"hello", b"hello"));
    assert!(!is_same_code(&one, &one[..one.len() / 2]));
}
