//! What can go wrong between the runner and a database, as data that callers act on.

use super::{LockHolder, ParseUrlError, StrangeLedger};
use crate::{
    alteration::{Permission, PluginName},
    escape::Escaped,
    session::SqlError,
};
use alteration_domain::record::{RecordError, SCHEMA_VERSION};

#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("cannot open the database {url}: {reason}")]
    Connect { url: String, reason: String },
    #[error("the database URL is not usable: {0}")]
    Url(String),
    /// An environment variable that the database's own client reads, too.
    #[error("the environment does not fit the database URL: {0}")]
    Environment(ParseUrlError),
    #[error("the file that `{parameter}` names, {}, cannot be used: {reason}", Escaped(path))]
    CertificateFile { parameter: &'static str, path: String, reason: String },
    /// A server, or its database, that takes no writes.
    /// The runner's tables are not where this session would make them, or are there more than once.
    #[error("{}", elsewhere(.url, .schemas, .current.as_deref()))]
    Elsewhere {
        url: String,
        /// Where there are some, in which this user has a part.
        schemas: Vec<String>,
        /// Where this session would make new ones.
        current: Option<String>,
    },
    /// What lies in the place of the runner's tables belongs to a role that this user is no member of.
    #[error(
        "the schema {} of {url} has tables of a runner that belong to the role {}, of which this user is not a member",
        Escaped(&ledger.schema), Escaped(&ledger.owner)
    )]
    StrangePlace { url: String, ledger: StrangeLedger },
    #[error(
        "the search_path of {url} names no schema that exists, so that there is no place for the runner's tables"
    )]
    NoPlace { url: String },
    #[error("the database {url} is read-only: {reason}")]
    ReadOnly { url: String, reason: String },
    #[error("the database {url} is read-only: {reason}")]
    ReadOnlyFile { url: String, reason: String },
    /// The account's way to log in is none that the runner knows, or needs a secure connection.
    #[error("this account cannot log in to the database {url}: {reason}")]
    LoginMethod { url: String, reason: String },
    #[error("the server of {url} is no {expected} server: {found} answered")]
    WrongProtocol { url: String, expected: &'static str, found: &'static str },
    #[error("the server of {url} is not the one asked for: {reason}")]
    WrongRole { url: String, reason: &'static str },
    #[error("the database {url} did not let this user in: {reason}")]
    Unauthorized { url: String, reason: String },
    #[error("no secure connection to the database {url} could be made: {reason}")]
    Tls { url: String, reason: String },
    #[error("there is no such database on the server: {url}")]
    UnknownDatabase { url: String },
    /// Whether anything is applied cannot be told.
    #[error(
        "this user may not read the runner's tables in {url}, so what is deployed cannot be told"
    )]
    MayNotRead {
        url: String,
        /// The statements that permit it.
        grants: Vec<String>,
    },
    #[error("the user may not make databases on the server of {url}")]
    MayNotMakeDatabase {
        url: String,
        /// The statement that permits it.
        grant: &'static str,
    },
    #[error("the server of {url} is too old: it is {found}, at least {needed} is needed")]
    TooOld { url: String, found: String, needed: String },
    /// The session reads SQL in a language that the runner cannot judge.
    #[error(
        "the sql_mode of {url} has {mode}, in which the server reads SQL that runner cannot judge"
    )]
    Mode { url: String, mode: String },
    /// Without rollback nothing that is recorded could be relied on.
    #[error("the server made the table {table} with the engine {engine} instead of InnoDB")]
    Engine { table: String, engine: String },
    #[error("the database {url} cannot be reached: {reason}")]
    Unreachable { url: String, reason: String },
    /// What would be rehearsed cannot be taken back on this database.
    #[error("a dry run is not possible on this database: {0}")]
    CannotRehearse(String),
    /// A lock of the session protects nothing where sessions are shared.
    #[error(
        "the connection goes through a pooler that shares server sessions, which the session's lock cannot work with; use --lock lease"
    )]
    SharedSession,
    /// Everything that names no schema would be made in it, of plugins and of the application too.
    #[error(
        "a new schema {} would be the first in this user's search_path, because it is called as the user is",
        Escaped(.0)
    )]
    SchemaComesFirst(String),
    /// A setting of the session under which the runner would not keep its word.
    #[error("the database {url} has {setting}, under which the runner cannot {work}")]
    Setting {
        url: String,
        setting: &'static str,
        work: &'static str,
        /// The statement that changes it.
        next: String,
    },
    #[error("the file {0} is not a SQLite database")]
    NotADatabase(String),
    #[error("the database file is damaged: {reason}")]
    Damaged { reason: String },
    #[error("another runner holds the lock ({0})")]
    Locked(LockHolder),
    /// A lease ran out while this runner was paused or cut off.
    #[error("another runner took the lease over")]
    LeaseLost,
    #[error("the database is locked by another program: {0}")]
    Busy(String),
    #[error(
        "the state tables have version {found}; this runner knows version {known}: use a newer runner"
    )]
    NewerSchema { found: i64, known: i64 },
    #[error("the recorded state cannot be read: {0}")]
    Corrupt(String),
    /// Somebody else changed the state since it was read: read and plan again.
    #[error("the recorded state changed while this runner worked")]
    Moved,
    /// A confined plugin's hook dropped something: what it must have left is listed before the ticket is finished.
    #[error("what depends on the plugin's objects is not listed")]
    Unlisted,
    /// Run again, a journaled hook ended before it did what it had done the first time.
    #[error("run again, the hook does not do what it did before")]
    Diverged,
    #[error("there is no statement whose end is not known")]
    NothingToResolve,
    /// `resolve --statement` cannot help where the hook cannot be resumed.
    #[error(
        "the statement is of a part of its hook that cannot be resumed: what it needs of its session is gone"
    )]
    NotResumable,
    /// The hook ended with a transaction of its own still open.
    #[error("the hook left a transaction open, which was rolled back: end it with COMMIT")]
    LeftOpen,
    #[error("the transaction ended behind the runner's back: {0}")]
    TransactionEnded(String),
    /// A statement neither ended nor gave way; the database rolls back when this process ends.
    #[error("the database still works on a statement that cannot be interrupted")]
    Stuck,
    /// The work of a hook that the database refused only at the end.
    #[error("{0}")]
    Refused(SqlError),
    /// This, of the runner's tables, is another than it was at the end of the hook before, which may be
    /// anybody's work. Nothing of the part was kept; run again, it is looked at anew.
    #[error("{0} was changed, by the hook or by somebody else before it")]
    Doubtful(String),
    #[error("the archive holds no component {0}")]
    NotArchived(String),
    #[error("the archived component {0} is damaged: its bytes no longer have that checksum")]
    ArchiveDamaged(String),
    /// The connection is gone; what a commit in flight came to is not known.
    #[error("the connection to the database was lost: {0}")]
    Disconnected(String),
    /// The statement is what permits it.
    #[error("this user may not make the runner's own tables in schema {}", Escaped(schema))]
    MayNotMakeTables { schema: String, grant: String },
    /// A plugin cannot log in as a user of its own. Nothing of its was run.
    #[error("{plugin} cannot be confined: {}", missing.iter().map(|text| Escaped(text).to_string()).collect::<Vec<_>>().join("; "))]
    CannotConfine {
        plugin: PluginName,
        missing: Vec<String>,
        /// The statements that a database administrator runs once, if any help.
        setup: Vec<String>,
    },
    /// A plugin is to have its objects in a schema of its own, and cannot. Nothing was changed.
    #[error("{plugin} has no schema of its own: {}", Escaped(reason))]
    NoOwnSchema { plugin: PluginName, reason: String, setup: Vec<String> },
    /// What a plugin has does not fit it as a confined one. Nothing was changed.
    #[error("{plugin} cannot be confined as it is: {}", Escaped(reason))]
    Unfit { plugin: PluginName, reason: String },
    /// What a plugin was granted cannot be given to it. Nothing of its was run.
    #[error("{plugin} was granted `{permission}`, which cannot be given: {}", Escaped(reason))]
    NotGrantable {
        plugin: PluginName,
        permission: Permission,
        reason: String,
        /// The statements that the database's owner runs, if any help.
        setup: Vec<String>,
    },
    #[error("the disk is full: {0}")]
    DiskFull(String),
    #[error("database error: {0}")]
    Database(String),
    #[error("cannot use the lock file {path}: {reason}")]
    LockFile { path: String, reason: String },
}

impl From<RecordError> for BackendError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::NewerSchema { found } => {
                Self::NewerSchema { found, known: SCHEMA_VERSION }
            }
            RecordError::Corrupt(reason) => Self::Corrupt(reason),
        }
    }
}

fn elsewhere(url: &str, schemas: &[String], current: Option<&str>) -> String {
    let names: Vec<_> = schemas.iter().map(|name| Escaped(name).to_string()).collect();
    let there = match &names[..] {
        [one] => format!("in the schema {one}"),
        several => format!("in several schemas: {}", several.join(", ")),
    };
    let here = match current {
        Some(current) if schemas.len() == 1 => {
            format!(", and the session's current schema is {}", Escaped(current))
        }
        _ => String::new(),
    };
    format!("the runner's tables in {url} are {there}{here}")
}
