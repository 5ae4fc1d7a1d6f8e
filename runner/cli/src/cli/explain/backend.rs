//! Advice for errors of the database and the connection to it.

use crate::cli::{command, output};
use alteration_record::BackendError;

/// The flag that names a schema, as a shell takes it.
pub(super) fn state_schema(schema: &str) -> String {
    format!("--state-schema {}", output::word(schema))
}

pub(super) fn backend_advice(error: &BackendError) -> String {
    match error {
        BackendError::Connect { .. } => {
            "check `--database`: the path and its folder, or host, port and name".to_owned()
        }
        BackendError::Url(_) => "correct `--database`".to_owned(),
        BackendError::Environment(_) => {
            "correct or unset the variable, or say it in `--database`".to_owned()
        }
        BackendError::CertificateFile { parameter, .. } => {
            format!("correct `{parameter}` in `--database`, or the variable that stands for it")
        }
        BackendError::ReadOnlyFile { .. } => {
            "make file and folder writable for this user, and leave `mode=ro` and `immutable` out of the URL"
                .to_owned()
        },
        BackendError::ReadOnly { .. } | BackendError::WrongRole { .. } => {
            "name the server that takes writes (the primary) in `--database`, or make this one take writes again"
                .to_owned()
        }
        BackendError::Unauthorized { .. } => {
            "check user, password and rights in `--database`".to_owned()
        }
        BackendError::LoginMethod { .. } => {
            "ask the server's administrator for an account that logs in with a password"
                .to_owned()
        }
        BackendError::WrongProtocol { found, .. } => {
            let scheme = if found.contains("PostgreSQL") { "postgres" } else { "mysql" };
            format!("correct host and port in `--database`, or begin it with {scheme}://")
        }
        BackendError::Tls { .. } => {
            "check the certificates, and the TLS parameters in `--database`".to_owned()
        }
        BackendError::UnknownDatabase { .. } => {
            "create the database, or correct its name in `--database`".to_owned()
        }
        BackendError::MayNotRead { grants, .. } => {
            format!("ask the tables' owner to run: {}", grants.join(" "))
        }
        BackendError::MayNotMakeDatabase { grant, .. } => {
            format!("ask the server's administrator to run: {grant}; or use another server")
        }
        BackendError::MayNotMakeTables { grant, .. } => format!(
            "ask the owner to run `{grant}`; or name a schema where this user may create tables, with `--state-schema`"
        ),
        BackendError::CannotConfine { .. } => super::trust::WEAKER.to_owned(),
        BackendError::NoOwnSchema { setup, .. } if !setup.is_empty() => {
            format!("ask the database's owner to run: {}", setup.join(" "))
        }
        BackendError::NoOwnSchema { plugin, .. } => {
            format!("remove `schema = \"own\"` for {plugin} from runner.toml, then run this again")
        }
        BackendError::Unfit { .. } => {
            "change or drop what does not fit, then run this again; or leave the plugin as it is, with `guarded = true` for it in runner.toml".to_owned()
        }
        BackendError::NotGrantable { setup, .. } if !setup.is_empty() => {
            format!("ask the database's owner to run: {}", setup.join(" "))
        }
        BackendError::NotGrantable { .. } => {
            "deploy the plugin whose table it is first, or ask the vendor to correct the manifest"
                .to_owned()
        }
        BackendError::TooOld { .. } => "upgrade the server".to_owned(),
        BackendError::Setting { next, .. } => {
            format!("have it set for the database or the role: `{next}`")
        }
        BackendError::Mode { mode, .. } => {
            format!("give this user a session without {mode}, by init_connect or the server's sql_mode")
        }
        BackendError::Engine { .. } => {
            "unset enforce_storage_engine on the server, and drop that table if it is empty".to_owned()
        }
        BackendError::Unreachable { .. } => {
            "check host and port, and that the server runs; `--wait 30s` waits for it".to_owned()
        }
        BackendError::CannotRehearse(_) => {
            "rehearse on a copy of the database with `--rehearse-on URL`".to_owned()
        }
        BackendError::SchemaComesFirst(_) => {
            "choose another name with `--state-schema`".to_owned()
        }
        BackendError::Elsewhere { schemas, .. } => {
            let flags: Vec<_> = schemas.iter().map(|schema| state_schema(schema)).collect();
            format!("name the right ones: `{}`", flags.join("` or `"))
        }
        BackendError::StrangePlace { ledger, .. } => format!(
            "if these are the right ones, use them with `{}`; if not, name another schema with `--state-schema`",
            state_schema(&ledger.schema)
        ),
        BackendError::NoPlace { .. } => {
            "create that schema, or name one with `--state-schema`".to_owned()
        }
        BackendError::SharedSession => "run this again with `--lock lease`".to_owned(),
        BackendError::NotADatabase(_) => "check that `--database` names the right file".to_owned(),
        BackendError::Damaged { .. } => {
            "restore the database from a backup; `PRAGMA integrity_check` says what is damaged"
                .to_owned()
        }
        BackendError::Locked(_) => {
            "run this again when it has finished, or wait longer with `--lock-timeout 10m`".to_owned()
        }
        BackendError::LeaseLost => {
            "another runner took over; run this again when it has finished".to_owned()
        }
        BackendError::Busy(_) => {
            "stop other programs that write to this database, then run this again".to_owned()
        }
        BackendError::Diverged => "see `runner resolve --help`".to_owned(),
        BackendError::NothingToResolve => {
            "record how it stands with `--as applied` or `--as reverted`".to_owned()
        }
        BackendError::NotResumable => {
            "do the rest by hand, then record it with `--as applied`; or undo what took effect, then record that with `--as reverted`"
                .to_owned()
        }
        BackendError::LeftOpen => {
            "ask the plugin's vendor to end the transaction in the alteration".to_owned()
        }
        BackendError::NewerSchema { .. } => "install the runner that deployed last".to_owned(),
        BackendError::Corrupt(_) => {
            "the runner's own tables were edited: restore them from a backup".to_owned()
        }
        BackendError::Moved
        | BackendError::Unlisted
        | BackendError::TransactionEnded(_)
        | BackendError::Doubtful(_) => "run this again".to_owned(),
        BackendError::Stuck | BackendError::Refused(_) => {
            "ask the plugin's vendor to fix the alteration".to_owned()
        }
        BackendError::NotArchived(_) | BackendError::ArchiveDamaged(_) => {
            "restore the table alteration_archive from a backup".to_owned()
        }
        BackendError::DiskFull(_) => "free disk space, then run this again".to_owned(),
        BackendError::Database(_) => "fix the cause, then run this again".to_owned(),
        BackendError::LockFile { .. } => "make the database's folder writable".to_owned(),
        BackendError::Disconnected(_) => match command::own_run() {
            Some(command::ROLLBACK) => "check that the server is running, then run `runner rollback` again, which deletes the data that it takes back: it resumes where this run ended".to_owned(),
            Some(run) => format!(
                "check that the server is running, then run `{run}` again: it resumes where this run ended"
            ),
            None => "check that the server is running, then run this again".to_owned(),
        },
    }
}
