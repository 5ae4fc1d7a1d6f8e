//! Replaces what differs between two runs or two machines: paths, times, durations, checksums,
//! process ids, versions of tools and the machine's name. Everything else stays.

use crate::support::Sandbox;

/// `text` without what varies.
pub fn redact(sandbox: &Sandbox, text: &str) -> String {
    let folder = sandbox.path().canonicalize().expect("the sandbox is there");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let text = text
        .replace(&folder.display().to_string(), "[SANDBOX]")
        .replace(&sandbox.path().display().to_string(), "[SANDBOX]")
        .replace(&format!("tester@{host}"), "tester@[HOST]")
        .replace(&format!("of tester on {host}"), "of tester on [HOST]");
    text.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let (shown, taken) = match special(&out, rest) {
            Some((shown, taken)) => (shown.to_owned(), taken),
            None => (c.to_string(), c.len_utf8()),
        };
        out.push_str(&shown);
        rest = &rest[taken..];
    }
    out
}

/// Returns what to show instead of the start of `rest`, and how long that start is.
fn special(before: &str, rest: &str) -> Option<(&'static str, usize)> {
    // A number or checksum begins where no other word goes on.
    if before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.') {
        return None;
    }
    let hex = length(rest, |c| matches!(c, '0'..='9' | 'a'..='f'));
    let hex_ends = !rest[hex..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    if hex == 64 && hex_ends {
        return Some(("[CHECKSUM]", hex));
    }
    if hex == 12 && hex_ends && !rest[..hex].bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(("[SHORT]", hex));
    }
    let digits = length(rest, |c| c.is_ascii_digit());
    if digits == 4 && rest[4..].starts_with('-') && rest[..].find('T') == Some(10) {
        let stamp = length(rest, |c| c.is_ascii_digit() || "-T:.Z".contains(c));
        return Some(("[TIME]", stamp));
    }
    if digits == 0 {
        return None;
    }
    let number = length(rest, |c| c.is_ascii_digit() || c == '.');
    for unit in [" ms", " s"] {
        if let Some(after) = rest[number..].strip_prefix(unit)
            && !after.starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            return Some(("[DURATION]", number + unit.len()));
        }
    }
    match () {
        () if before.ends_with("\"duration_ms\": ") => Some(("[DURATION]", digits)),
        () if before.ends_with("wit-component ") => Some(("[VERSION]", number)),
        () if before.ends_with("\"version\": \"") => Some(("[VERSION]", number)),
        () if before.ends_with("process ") => Some(("[PID]", digits)),
        () => None,
    }
}

fn length(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of(c)).unwrap_or(text.len())
}

#[test]
fn only_what_varies_is_replaced() {
    let sandbox = Sandbox::new();
    let sum = "0123456789abcdef".repeat(4);
    let table = [
        ("up a 12 ms, 3 statements", "up a [DURATION], 3 statements".to_owned()),
        ("in 3.4 s.", "in [DURATION].".to_owned()),
        ("1.1.0-1738368000-x", "1.1.0-1738368000-x".to_owned()),
        ("at 2026-11-22T16:36:13.479Z", "at [TIME]".to_owned()),
        (
            &format!("{sum} {}", &sum[..12]),
            "[CHECKSUM] 0123456789ab".replace("0123456789ab", "[SHORT]"),
        ),
        ("\"duration_ms\": 7,", "\"duration_ms\": [DURATION],".to_owned()),
        ("wit-component 0.254.2", "wit-component [VERSION]".to_owned()),
        ("process 71 of", "process [PID] of".to_owned()),
        ("4096 bytes", "4096 bytes".to_owned()),
    ];
    for (text, expected) in table {
        assert_eq!(redact(&sandbox, text), expected);
    }
    let path = sandbox.path().join("a.wasm").display().to_string();
    assert_eq!(redact(&sandbox, &path), "[SANDBOX]/a.wasm");
}
