//! Texts and files that are no lock file, and how one is written.

use super::*;
use crate::alteration::Checksum;
use std::os::unix::fs::symlink;

const SUM: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn pin_text() -> String {
    format!(
        "{{ file = \"a.wasm\", size = 3, checksum = \"{SUM}\", component_checksum = \"{SUM}\" }}"
    )
}

/// A lock file with one alteration, where `more` stands behind it.
fn text(more: &str) -> String {
    format!(
        "version = 1\n[plugins.\"acme/shop\"]\nsource = \"p\"\npermissions = []\n[plugins.\"acme/shop\".alterations]\n\"1.0.0-1-a\" = {}\n{more}",
        pin_text()
    )
}

fn parsed(text: impl AsRef<[u8]>) -> Result<LockFile, LockFileError> {
    format::parse(Path::new("runner.lock"), text.as_ref())
}

#[test]
fn what_is_written_is_read_again() {
    let pin = |file: &str, size| Pin {
        file: file.to_owned(),
        checksum: Checksum::of(b"source"),
        component_checksum: Checksum::of(b"component"),
        size,
    };
    let shop = LockedPlugin {
        source: "../pl\"ug\\ins é".to_owned(),
        permissions: [crate::alteration::Permission::Entropy].into(),
        creates: Some(["shop_orders".to_owned(), "odd \"\\\n\u{202e}".to_owned()].into()),
        alterations: [
            ("1.0.0-2-b".parse().unwrap(), pin("b \"q\" \\ é.wasm", u64::from(u32::MAX))),
            ("1.0.0-10-a".parse().unwrap(), pin("a.wasm", 0)),
        ]
        .into(),
    };
    let crm = LockedPlugin {
        source: ".".to_owned(),
        permissions: [].into(),
        creates: None,
        alterations: [].into(),
    };
    let plugins = [("globex/crm".parse().unwrap(), crm), ("acme/shop".parse().unwrap(), shop)];
    let file = LockFile { plugins: plugins.into() };
    let written = to_text(&file);
    assert_eq!(parsed(&written).unwrap(), file);
    assert_eq!(to_text(&parsed(&written).unwrap()), written);
    let at = |text: &str| written.find(text).unwrap();
    assert!(at("acme/shop") < at("globex/crm") && at("1.0.0-2-b") < at("1.0.0-10-a"));
    assert_eq!(parsed(to_text(&LockFile::default())).unwrap(), LockFile::default());
}

#[test]
fn line_ends_and_byte_order_marks_say_nothing() {
    let plain = parsed(text("")).unwrap();
    assert_eq!(parsed(text("").replace('\n', "\r\n")).unwrap(), plain);
    assert_eq!(parsed(format!("\u{feff}{}", text(""))).unwrap(), plain);
}

#[test]
fn refused() {
    let pin = pin_text();
    let plugin = "[plugins.\"acme/shop\"]\nsource = \"p\"\npermissions = []\nalterations = {}\n";
    let with = |from: &str, to: &str| text("").replace(from, to);
    let deep = format!("version = 1\nx = {}", "[".repeat(100_000));
    let long = with("source = \"p\"", &format!("source = {{ \"{}\" = 1 }}", "x".repeat(1 << 20)));
    let table: [(&str, &str); 41] = [
        ("", "missing field `version`"),
        ("plugins = {}", "missing field `version`"),
        ("version = 2\nsigned = true\n", "format version 2; this runner knows 1"),
        ("version = 0", "format version 0"),
        ("version = -1", "format version -1"),
        ("version = \"1\"", "line 1: expected i64"),
        ("version = 1\nversion = 1", "line 2: duplicate key"),
        ("version = 99999999999999999999", "line 1"),
        ("version = 1\nkeys = []", "line 2: unknown field `keys`"),
        ("version = 1\n[plugin.\"acme/shop\"]", "unknown field `plugin`"),
        (&text("[plugins.\"acme/shop\"]\n"), "line 7: duplicate key"),
        (&text(&format!("[plugins]\n{plugin}")), "duplicate key"),
        (&text("[plugins.acme]\n"), "vendor/name"),
        (&text("[plugins.\"../../etc\"]\n"), "vendor/name"),
        (&text("[plugins.\"acme/shop\\u0000\"]\n"), "vendor/name"),
        (&text("[plugins.\"acme/crm\"]\n"), "missing field `source`"),
        (&text(&format!("\"1.0.0-1-a\" = {pin}\n")), "line 7: duplicate key"),
        (&text(&format!("\"1.0.0-1-\\u0061\" = {pin}\n")), "line 7: duplicate key"),
        (&text(&format!("\"../1-a\" = {pin}\n")), "may hold only ASCII"),
        (&text(&format!("\"a\" = {pin}\n")), "not an alteration id"),
        (&with("source = \"p\"\n", ""), "missing field `source`"),
        (&with("source = \"p\"", "source = \"/etc\""), "no path relative to the lock file"),
        (&with("source = \"p\"", "source = \"\""), "the source of acme/shop is empty"),
        (&with("source = \"p\"", "source = \"p\\u0000\""), "control or invisible"),
        (&with("source = \"p\"", "source = \"p\\u001b[2J\""), "control or invisible"),
        (&with("source = \"p\"", "source = \"\\u202ep\""), "control or invisible"),
        (&with("source = \"p\"", "source = \"p\0\""), "line 3"),
        (&with("permissions = []", "permissions = [\"root\"]"), "unknown variant `root`"),
        (&with("permissions = []", "permissions = \"entropy\""), "expected a sequence"),
        (&with("permissions = []\n", ""), "missing field `permissions`"),
        (&with("a.wasm", "../a.wasm"), "the file of acme/shop 1.0.0-1-a is a path"),
        (&with("a.wasm", ".."), "no name of a file"),
        (&with("a.wasm", "a\\u200b.wasm"), "control or invisible"),
        (&with("size = 3", "size = -3"), "line 6"),
        (&with("size = 3", "size = 3, url = \"x\""), "unknown field `url`"),
        (&with("size = 3, ", ""), "missing field `size`"),
        (&with(SUM, &SUM.to_uppercase()), "64 lower-case hexadecimal digits"),
        (&with(SUM, &SUM[..63]), "64 lower-case hexadecimal digits"),
        (&text("<<<<<<< HEAD\n"), "line 7: left by a merge"),
        (&deep, "line 2"),
        (&long, "line 3: expected a string"),
    ];
    for (text, expected) in table {
        let error = parsed(text).unwrap_err().to_string();
        let text: String = text.chars().take(400).collect();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(error.len() < 600 && !error.contains(char::is_control), "{text}: {error:?}");
    }
    assert!(parsed(b"version = 1\n# \xff").unwrap_err().to_string().contains("not UTF-8"));
    assert!(parsed(b"\xff\xfev\0e\0r\0").unwrap_err().to_string().contains("not UTF-8"));
}

/// Wherever a file is cut, it is refused, or says less: it never allows something else.
#[test]
fn cut_short() {
    let whole =
        text("[plugins.\"acme/crm\"]\nsource = \"q\"\npermissions = []\nalterations = {}\n");
    let all = parsed(&whole).unwrap();
    for end in 0..whole.len() {
        let Ok(less) = parsed(&whole[..end]) else { continue };
        for (plugin, locked) in less.plugins {
            let whole = &all.plugins[&plugin];
            assert_eq!(locked.permissions, whole.permissions);
            assert!(locked.alterations.iter().all(|(id, pin)| whole.alterations[id] == *pin));
        }
    }
}

fn place(folder: &tempfile::TempDir, mode: u32) -> (PathBuf, LockPlace) {
    let path = folder.path().join(LOCK_FILE);
    fs::write(&path, text("")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    (path.clone(), LockPlace::Found(path))
}

fn said(place: &LockPlace, plugins: &[PathBuf]) -> String {
    place.read(plugins).unwrap_err().to_string()
}

#[test]
fn a_file_that_another_user_could_write() {
    let folder = tempfile::tempdir().unwrap();
    for (mode, expected) in [(0o664, "its group may write"), (0o646, "everybody may write")] {
        let (path, found) = place(&folder, mode);
        assert!(said(&found, &[]).contains(expected));
        assert!(said(&LockPlace::Named(path), &[]).contains(expected), "named or not");
    }
    let (path, found) = place(&folder, 0o400);
    assert!(found.read(&[]).unwrap().is_some());
    // Only the administrator can give a file away.
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(1234), None).unwrap();
        assert!(said(&found, &[]).contains("belongs to the user with id 1234"));
        assert!(said(&LockPlace::Named(path), &[]).contains("belongs to the user with id 1234"));
    }
}

#[test]
fn what_is_no_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = place(&folder, 0o644);
    let link = folder.path().join("link.lock");
    symlink(&path, &link).unwrap();
    assert!(said(&LockPlace::Found(link.clone()), &[]).contains("a symbolic link"));
    assert!(LockPlace::Named(link.clone()).read(&[]).unwrap().is_some(), "its operator named it");
    let error = LockPlace::Named(link.clone()).write(&LockFile::default(), None, &[]);
    assert!(error.unwrap_err().to_string().contains("a symbolic link"));
    assert_eq!(fs::read_to_string(&path).unwrap(), text(""), "nothing is written through it");
    let dangling = folder.path().join("dangling.lock");
    symlink(folder.path().join("nowhere"), &dangling).unwrap();
    assert!(said(&LockPlace::Found(dangling.clone()), &[]).contains("a symbolic link"));
    let error = LockPlace::Named(dangling).write(&LockFile::default(), None, &[]);
    assert!(error.unwrap_err().to_string().contains("a symbolic link"));
    assert!(!folder.path().join("nowhere").exists());
    assert!(said(&LockPlace::Found(folder.path().into()), &[]).contains("not a regular file"));
    let pipe = folder.path().join("pipe.lock");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    assert!(said(&LockPlace::Named(pipe), &[]).contains("not a regular file"));
    File::options().write(true).open(&path).unwrap().set_len(BYTES_MAX as u64 + 1).unwrap();
    assert!(said(&LockPlace::Found(path), &[]).contains("more than"));
}

#[test]
fn a_file_that_came_with_the_plugins() {
    let folder = tempfile::tempdir().unwrap();
    let (path, found) = place(&folder, 0o644);
    let plugins = [folder.path().to_owned()];
    assert!(said(&found, &plugins).contains("lies among the plugins"));
    assert!(LockPlace::Named(path).read(&plugins).unwrap().is_some());
    let error = found.write(&LockFile::default(), None, &plugins).unwrap_err();
    assert!(error.to_string().contains("lies among the plugins"));
}

#[test]
fn it_is_written_whole_and_keeps_its_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(LOCK_FILE);
    let place = LockPlace::Named(path.clone());
    let mode = || path.metadata().unwrap().mode() & 0o777;
    place.write(&parsed(text("")).unwrap(), None, &[]).unwrap();
    assert_eq!(mode() & 0o022, 0);
    assert_eq!(mode() & 0o400, 0o400);
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let read = place.read(&[]).unwrap().unwrap();
    place.write(&LockFile::default(), Some(&read), &[]).unwrap();
    assert_eq!(mode(), 0o600);
    let error = place.write(&read.file, Some(&read), &[]).unwrap_err();
    assert!(matches!(error, LockFileError::ChangedMeanwhile { .. }), "{error}");
    let error = place.write(&read.file, None, &[]).unwrap_err();
    assert!(matches!(error, LockFileError::ChangedMeanwhile { .. }), "{error}");
    assert_eq!(place.read(&[]).unwrap().unwrap().file, LockFile::default());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}
