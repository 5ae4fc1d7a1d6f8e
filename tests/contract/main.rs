//! One contract for every backend: what the apply loop and the host rely on.
//!
//! A backend is plugged in by implementing [`Place`] and naming it in `contract!`. No backend can
//! leave a case out: the macro makes them all. Where a database's answer differs by nature, the case
//! asserts that other answer; what is only spelled differently is in `dialect.rs`.

mod dialect;
mod journal;
mod objects;
mod opened;
mod session;
mod state;

use alteration_domain::alteration::{
    Alteration, AlterationKey, Catalog, Checksum, ComponentFile, Declaration, Dialect, Manifest,
};
use alteration_host::Limits;
use alteration_record::{
    Access, Claim, ConnectOptions, Revision, connect,
    session::{Counts, SharedSession},
};
use alteration_test_support as support;
use std::{sync::Arc, time::Duration};
use support::servers::{self, Database, Noise};

/// Where a backend's databases come from.
pub trait Place {
    const DIALECT: Dialect;
    const SQL: dialect::Sql = dialect::Sql(Self::DIALECT);

    /// Returns whether the run was told to go without this server.
    fn is_left_out() -> bool {
        false
    }

    fn new() -> Self;

    /// The URL of the one empty database of this place.
    fn url(&self) -> String;

    /// The database as its server's own client sees it. None for a file: opening it a second time
    /// in one process would drop its locks.
    fn server(&self) -> Option<&Database> {
        None
    }
}

/// SQLite in a temporary folder.
pub struct Sqlite(tempfile::TempDir);

impl Place for Sqlite {
    const DIALECT: Dialect = Dialect::Sqlite;

    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.path().join("contract.db").display())
    }
}

/// A database on the shared PostgreSQL server of a major version, beside noise.
pub struct Postgres<const MAJOR: u32> {
    database: Database,
    _noise: Arc<Noise>,
}

impl<const MAJOR: u32> Place for Postgres<MAJOR> {
    const DIALECT: Dialect = Dialect::Postgresql;

    fn new() -> Self {
        let server = servers::Postgres::shared_of(MAJOR);
        Self { database: server.database(), _noise: Noise::shared_beside(server.client()) }
    }

    fn url(&self) -> String {
        self.database.url().to_owned()
    }

    fn server(&self) -> Option<&Database> {
        Some(&self.database)
    }
}

/// A database on the shared MariaDB server, whose binary log is on, beside noise.
pub struct Mariadb {
    database: Database,
    _noise: Arc<Noise>,
}

impl Place for Mariadb {
    const DIALECT: Dialect = Dialect::Mariadb;

    fn new() -> Self {
        let server = servers::Mariadb::shared();
        Self { database: server.database(), _noise: Noise::shared_beside(server.client()) }
    }

    fn url(&self) -> String {
        self.database.url().to_owned()
    }

    fn server(&self) -> Option<&Database> {
        Some(&self.database)
    }
}

/// A database on the shared MySQL server, beside noise.
pub struct Mysql {
    database: Database,
    _noise: Arc<Noise>,
}

impl Place for Mysql {
    const DIALECT: Dialect = Dialect::Mysql;

    fn is_left_out() -> bool {
        servers::Mysql::is_left_out()
    }

    fn new() -> Self {
        let server = servers::Mysql::shared().expect("it is not left out");
        Self { database: server.database(), _noise: Noise::shared_beside(server.client()) }
    }

    fn url(&self) -> String {
        self.database.url().to_owned()
    }

    fn server(&self) -> Option<&Database> {
        Some(&self.database)
    }
}

use opened::Opened;

/// Opens another connection to the place's database, as another runner would.
pub async fn open<P: Place>(place: &P) -> Opened {
    open_for(place, Access::Create).await
}

pub async fn open_for<P: Place>(place: &P, access: Access) -> Opened {
    let url = place.url().parse().expect("a URL");
    let options = ConnectOptions::new(access, Limits::default().sql());
    Opened::new(connect(&url, options).await.expect("connects"))
}

/// A backend under its lock, with the runner's tables, and the revision it is at.
pub async fn ready<P: Place>(place: &P) -> (Opened, Revision) {
    let mut backend = open(place).await;
    // A server takes a moment to notice that the backend before this one is gone.
    backend.lock(Duration::from_secs(10), &mut |_| {}).await.expect("locks");
    backend.prepare().await.expect("prepares");
    let revision = backend.snapshot().await.expect("reads").revision.expect("prepared");
    (backend, revision)
}

/// An alteration called `name`, whose component's bytes are its name.
pub fn alteration(name: &str) -> Alteration {
    let id = format!("1.0.0-1700000000-{name}").parse().expect("an id");
    let manifest =
        Manifest::new("acme/contract".parse().expect("a name"), vec![Declaration::new(id)]);
    let component_checksum = Checksum::of(name.as_bytes());
    let file = ComponentFile::released(name, component_checksum, manifest);
    let catalog = Catalog::new([file]).expect("one alteration");
    catalog.iter().next().expect("one alteration").clone()
}

pub fn key(name: &str) -> AlterationKey {
    alteration(name).key
}

pub const COUNTS: Counts = Counts { duration_ms: 1, statements: 2, rows_affected: 3 };

/// Begins the `up` of an alteration called `name`.
pub async fn begin(
    backend: &mut Opened,
    name: &str,
    revision: Revision,
) -> Result<SharedSession, alteration_record::BackendError> {
    let snapshot = backend.snapshot().await?;
    let mut attempt = alteration_record::Attempt::up(&alteration(name));
    attempt.previous = snapshot.rows.get(&key(name)).map(|row| row.status);
    backend.begin(&Claim { attempt: &attempt, revision, component: name.as_bytes() }).await
}

pub async fn commit(
    backend: &mut Opened,
    name: &str,
    revision: Revision,
) -> Result<Revision, alteration_record::BackendError> {
    let attempt = alteration_record::Attempt::up(&alteration(name));
    backend
        .commit(&Claim { attempt: &attempt, revision, component: name.as_bytes() }, &COUNTS)
        .await
}

/// Makes every case for a backend.
macro_rules! contract {
    ($($(#[$only:meta])? $name:ident: $place:ty;)*) => {$(
        mod $name {
            use super::{Place, journal, objects, session, state};

            contract!(@cases [$($only)?] $place, state:
                untouched_is_empty, preparing_twice_is_preparing_once, up_and_row_commit_together,
                rolled_back_leaves_nothing, a_stale_revision_is_refused,
                an_applied_alteration_is_not_applied_again, down_needs_an_applied_row,
                a_failure_is_recorded_and_can_be_retried, a_failure_never_hides_applied,
                an_interruption_leaves_the_state_as_it_was,
                the_lock_excludes, the_lock_ends_with_its_backend, without_the_lock_the_ledger_holds,
                the_archive_keeps_components, a_rehearsal_leaves_nothing,
                records_change_their_name_together,
                reading_creates_nothing, a_cancelled_statement_ends, an_older_schema_is_upgraded,
                a_draft_is_recorded,
            );
            contract!(@cases [$($only)?] $place, objects:
                objects_are_recorded_with_what_made_them, the_map_is_as_committed,
                what_is_made_is_recorded,
            );
            contract!(@cases [$($only)?] $place, journal:
                a_journaled_hook_goes_on_after_a_crash,
                a_statement_that_commits_may_be_asked_as_a_query,
                a_hook_that_differs_when_it_is_run_again_is_stopped,
                nothing_is_open_across_a_statement_that_commits,
                what_cannot_be_repeated_is_not_run_again,
                a_run_goes_on_with_the_settings_it_began_with,
                a_unit_of_a_script_is_done_or_not, units_of_a_script_pair,
                statements_stand_alone_on_postgresql, code_that_commits_and_fails_is_asked_about,
                a_unit_holds_what_can_be_held,
            );
            contract!(@cases [$($only)?] $place, session:
                every_value_is_bound, extremes_come_back, nul_in_text_is_kept_or_refused, rows_and_columns, outcomes, one_statement_is_one,
                parameters_are_counted, scripts_are_walked, a_cursor_is_a_snapshot, a_cursor_only_reads,
                a_cursor_respects_its_limits, a_query_respects_its_limits, bulk_writer_inserts,
                bulk_writer_checks_rows, constraints_are_named, syntax_errors_have_positions,
                identifiers_are_quoted, the_transaction_is_the_hosts, own_tables_are_out_of_reach,
            );
        }
    )*};
    (@cases $only:tt $place:ty, $module:ident: $($case:ident,)*) => {
        $(contract!(@case $only $place, $module, $case);)*
    };
    (@case [$($only:meta)?] $place:ty, $module:ident, $case:ident) => {
        #[tokio::test]
        $(#[$only])?
        async fn $case() {
            if !<$place>::is_left_out() {
                $module::$case(&<$place>::new()).await;
            }
        }
    };
}

contract! {
    sqlite: super::Sqlite;
    postgres_13: super::Postgres<13>;
    postgres_15: super::Postgres<15>;
    postgres_18: super::Postgres<18>;
    #[ignore = "RUNNER_FULL=1"] postgres_14: super::Postgres<14>;
    #[ignore = "RUNNER_FULL=1"] postgres_16: super::Postgres<16>;
    #[ignore = "RUNNER_FULL=1"] postgres_17: super::Postgres<17>;
    mariadb: super::Mariadb;
    mysql: super::Mysql;
}
