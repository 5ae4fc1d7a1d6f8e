//! The file that keeps passwords for PostgreSQL's clients: `host:port:database:user:password`, a line each.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// The password of the first line that fits. As libpq does, a file that others may read is left alone.
pub(super) fn password(path: &Path, wanted: [&str; 4]) -> Option<String> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    if mode & 0o077 != 0 {
        return None;
    }
    search(&fs::read_to_string(path).ok()?, wanted)
}

fn search(text: &str, wanted: [&str; 4]) -> Option<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(fields).find_map(|fields| {
        let [found @ .., password] = &fields[..] else { return None };
        let fits = found.len() == wanted.len()
            && found.iter().zip(wanted).all(|((field, any), wanted)| *any || field == wanted);
        fits.then(|| password.0.clone())
    })
}

/// At most five, without their backslashes; and whether each is a `*`, which fits everything.
fn fields(line: &str) -> Vec<(String, bool)> {
    let mut fields = vec![String::new()];
    let mut raw = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let last = fields.len() - 1;
        match c {
            ':' if last < 4 => {
                fields.push(String::new());
                raw.push(String::new());
            }
            '\\' => {
                fields[last].extend(chars.next());
                raw[last].push(c);
            }
            c => {
                fields[last].push(c);
                raw[last].push(c);
            }
        }
    }
    fields.into_iter().zip(raw).map(|(field, raw)| (field, raw == "*")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits() {
        let text = "# a comment\n\nother:5432:d:u:no\nh:5432:d:u\n\
                    h:*:d:u:with\\:colon and : one\n*:*:*:*:late\n";
        let table = [
            (["h", "5432", "d", "u"], Some("with:colon and : one")),
            (["h", "5432", "d", "other"], Some("late")),
            (["other", "5432", "d", "u"], Some("no")),
        ];
        for (wanted, expected) in table {
            assert_eq!(search(text, wanted).as_deref(), expected, "{wanted:?}");
        }
        assert_eq!(search("h:1:d:u:p", ["h", "2", "d", "u"]), None);
    }

    #[test]
    fn what_others_may_read_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pgpass");
        fs::write(&path, "*:*:*:*:p").expect("a file");
        for (mode, expected) in [(0o644, None), (0o600, Some("p".to_owned()))] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
            assert_eq!(password(&path, ["h", "1", "d", "u"]), expected);
        }
    }
}
