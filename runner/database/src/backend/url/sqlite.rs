//! URLs of SQLite files: the path and what each parameter means.

use super::{
    error::{ParseUrlError, UrlPart},
    known::{self, Known, NOT_THIS_RUNNER},
    text,
};

/// What a URL of SQLite says.
#[derive(Clone, PartialEq, Eq, Default)]
pub(in crate::backend) struct SqliteUrl {
    /// The path; empty in memory.
    pub(in crate::backend) file: String,
    pub(in crate::backend) is_in_memory: bool,
    pub(in crate::backend) is_read_only: bool,
    /// `mode=rw`: a file that is not there is not created.
    pub(in crate::backend) has_to_exist: bool,
    pub(in crate::backend) is_immutable: bool,
    pub(in crate::backend) vfs: Option<String>,
    /// The path as it was written.
    pub(super) written: String,
}

#[derive(Debug, Clone, Copy)]
enum Meaning {
    Mode,
    Immutable,
    Vfs,
    Cache,
    Refused(&'static str),
}

use Meaning::Refused;

const TABLE: &[Known<Meaning>] = &[
    (&["mode"], Meaning::Mode),
    (&["immutable"], Meaning::Immutable),
    (&["vfs"], Meaning::Vfs),
    (&["cache"], Meaning::Cache),
    (&["nolock", "psow", "modeof"], Refused(NOT_THIS_RUNNER)),
    (
        &["search_path", "schema", "currentSchema"],
        Refused("SQLite has no schemas; name the file of the database"),
    ),
    (
        &[
            "_foreign_keys",
            "_fk",
            "_journal_mode",
            "_journal",
            "_busy_timeout",
            "_timeout",
            "_pragma",
            "_loc",
            "_txlock",
            "_auth_user",
            "_auth_pass",
            "_mutex",
            "_synchronous",
            "_sync",
            "_locking_mode",
            "busy_timeout",
            "connection_limit",
            "socket_timeout",
            "x-no-tx-wrap",
            "x-migrations-table",
        ],
        Refused("it is another driver's; what the runner needs of SQLite it sets by itself"),
    ),
];

impl SqliteUrl {
    /// Takes apart what follows `sqlite:`.
    pub(super) fn parse(rest: &str) -> Result<Self, ParseUrlError> {
        // A file may be called anything; what stands at an end came along unseen.
        if rest.trim() != rest {
            text::refuse_breaks(rest)?;
        }
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (written, query) = rest.split_once('?').unwrap_or((rest, ""));
        if written.is_empty() {
            return Err(ParseUrlError::NoFile);
        }
        let is_in_memory = written == ":memory:";
        let file = if is_in_memory { String::new() } else { path(written)? };
        let mut url = Self { file, is_in_memory, written: written.to_owned(), ..Self::default() };
        let mut seen = Vec::new();
        for (name, value) in text::parameters(query)? {
            let usable = |meaning: &Meaning| !matches!(meaning, Refused(_));
            let (names, meaning) = known::find(TABLE, &name, usable, "")?;
            if seen.contains(&names[0]) {
                return Err(ParseUrlError::Repeated { name });
            }
            seen.push(names[0]);
            url.set(*meaning, name, &value.unwrap_or_default())?;
        }
        Ok(url)
    }

    fn set(&mut self, meaning: Meaning, name: String, value: &str) -> Result<(), ParseUrlError> {
        match (meaning, value) {
            (Meaning::Mode, "ro") => self.is_read_only = true,
            (Meaning::Mode, "rw") => self.has_to_exist = true,
            (Meaning::Mode, "memory") => self.is_in_memory = true,
            (Meaning::Mode, "rwc") => {}
            (Meaning::Mode, _) => {
                return Err(ParseUrlError::Value { name, allowed: "ro, rw, rwc or memory" });
            }
            (Meaning::Immutable, "true" | "1") => self.is_immutable = true,
            (Meaning::Immutable, "false" | "0") => {}
            (Meaning::Immutable, _) => {
                return Err(ParseUrlError::Value { name, allowed: "true or false" });
            }
            (Meaning::Vfs, vfs) => self.vfs = Some(vfs.to_owned()),
            (Meaning::Cache, "private") => {}
            // Only the connections of one process could share one.
            (Meaning::Cache, _) => return Err(ParseUrlError::Value { name, allowed: "private" }),
            (Refused(reason), _) => return Err(ParseUrlError::Unsupported { name, reason }),
        }
        Ok(())
    }
}

/// As SQLite reads it: a `%` without two digits behind it means itself.
fn path(written: &str) -> Result<String, ParseUrlError> {
    let bytes = written.as_bytes();
    let mut escaped = String::new();
    for (at, c) in written.char_indices() {
        let digits = bytes.get(at + 1..at + 3);
        let is_code = digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        escaped.push_str(if c == '%' && !is_code {
            "%25"
        } else {
            &written[at..at + c.len_utf8()]
        });
    }
    text::decoded(&escaped, UrlPart::File)
}
