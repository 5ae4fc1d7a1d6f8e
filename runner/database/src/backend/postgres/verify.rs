//! What a journal asks: which transaction this is, and what became of a statement that ran outside of any and whose
//! end nobody saw.
//!
//! Server sessions that a killed runner left at work are ended first. The catalogue before and after tells. What a half-done one left behind is removed, so that the
//! statement can run again.

use super::{
    PostgresConnection, error,
    outside::comment,
    text::{literal, quote},
};
use crate::{
    alteration::Dialect,
    backend::{
        BackendError,
        connection::{Journaling, Journals, Segments, Verdict},
    },
    sql::Statement,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::{Instant, sleep};

/// How long a session may take to end after it was told to.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(30);
const ORPHAN_POLL: Duration = Duration::from_millis(100);
/// Dropping an index or detaching a partition waits for transactions that may use it.
const DROP_TIME: Duration = Duration::from_secs(600);

/// One index, as the catalogue says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Index {
    oid: u32,
    schema: String,
    name: String,
    table: String,
    is_valid: bool,
    /// Some session is at work on it now.
    is_in_work: bool,
}

/// One partition and whether it is being detached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Partition {
    parent_schema: String,
    parent: String,
    schema: String,
    name: String,
    is_pending: bool,
}

/// What the catalogue says before a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Fingerprint {
    indexes: Vec<Index>,
    partitions: Vec<Partition>,
    /// The role of a confined plugin, of whose tables alone it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// With the owner: the transaction id that the server gives out next, as of then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// What kind of statement it is, as far as the catalogue can tell its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    CreatesIndex,
    DropsIndex,
    /// Doing it twice is doing it once; `true` where a half-done one leaves indexes behind.
    Repeatable(bool),
    DetachesPartition,
    /// Code, which may have committed some of its work and not the rest.
    RunsCode,
    Unknown,
}

fn effect(words: &[String]) -> Effect {
    let has = |word: &str| words.iter().any(|found| found == word);
    let concurrently = has("CONCURRENTLY");
    match words.first().map(String::as_str) {
        Some("CREATE") if has("INDEX") && concurrently => Effect::CreatesIndex,
        Some("DROP") if has("INDEX") && concurrently => Effect::DropsIndex,
        Some("REINDEX") => Effect::Repeatable(true),
        Some("VACUUM" | "ANALYZE" | "ANALYSE" | "CLUSTER") => Effect::Repeatable(false),
        Some("ALTER") if has("DETACH") && concurrently => Effect::DetachesPartition,
        Some("CALL" | "DO") => Effect::RunsCode,
        _ => Effect::Unknown,
    }
}

#[async_trait]
impl Journaling for PostgresConnection {
    fn journals(&self) -> Journals {
        Journals { segments: Segments::Statements, commits_by_itself: false }
    }

    /// Whether the transaction that was begun is still open; a failed one is.
    async fn is_in_transaction(&mut self) -> Result<bool, BackendError> {
        self.ready().await?;
        let Some(transaction) = self.state.transaction() else { return Ok(false) };
        let id = transaction.id.clone();
        let sql = "SELECT pg_catalog.pg_current_xact_id_if_assigned()";
        match self.link.own_rows(sql).await {
            Ok(rows) => {
                let [found] = super::columns(rows)?;
                Ok(found == id)
            }
            Err(error) if error::code(&error).as_deref() == Some("25P02") => Ok(true),
            Err(error) => Err(error::host_error(error, self.link.url())),
        }
    }

    async fn end_orphans(&mut self, marker: &str) -> Result<(), BackendError> {
        self.ready().await?;
        let comment = comment(marker);
        let sql = format!(
            "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a \
             WHERE a.pid <> pg_catalog.pg_backend_pid() AND a.usename = session_user \
                AND a.datname = pg_catalog.current_database() \
                AND a.state IS DISTINCT FROM 'idle' \
                AND pg_catalog.starts_with(a.query, {})",
            literal(&comment)
        );
        let deadline = Instant::now() + ORPHAN_PATIENCE;
        while !self.own_texts(&sql).await?.is_empty() {
            if Instant::now() >= deadline {
                return Err(BackendError::Stuck);
            }
            sleep(ORPHAN_POLL).await;
        }
        Ok(())
    }

    async fn fingerprint(&mut self, sql: &str) -> Result<String, BackendError> {
        self.fingerprint_of(sql, None).await
    }

    async fn verify(&mut self, sql: &str, before: &str) -> Result<Verdict, BackendError> {
        let (Ok(before), Ok(statement)) =
            (serde_json::from_str::<Fingerprint>(before), Statement::one(sql, Dialect::Postgresql))
        else {
            return Ok(Verdict::Unknown);
        };
        let words: Vec<String> = statement.words().map(|word| word.into_owned()).collect();
        let names = statement.names();
        let now = self.look(&names, before.owner.as_deref()).await?;
        match effect(&words) {
            Effect::CreatesIndex => {
                let new: Vec<&Index> =
                    now.indexes.iter().filter(|index| !before.has(index.oid)).collect();
                // Several are new where others work on the same table; the name tells, if there
                // is one in the statement.
                let named: Vec<&Index> =
                    new.iter().copied().filter(|index| names.contains(&index.name)).collect();
                let new = if named.is_empty() { new } else { named };
                if new.iter().any(|index| index.is_in_work) {
                    // This statement's own session is gone: it is somebody else's.
                    return Ok(Verdict::Unknown);
                }
                self.drop_invalid(&new).await?;
                Ok(match new.iter().filter(|index| index.is_valid).count() {
                    0 => Verdict::NotDone,
                    1 => Verdict::Done,
                    _ => Verdict::Unknown,
                })
            }
            Effect::DropsIndex => {
                let mut meant: Vec<&Index> =
                    before.indexes.iter().filter(|index| names.contains(&index.name)).collect();
                // The same name may be there in several schemas.
                if meant.iter().any(|index| names.contains(&index.schema)) {
                    meant.retain(|index| names.contains(&index.schema));
                }
                let gone = meant.iter().filter(|index| !now.has(index.oid)).count();
                Ok(if gone > 0 { Verdict::Done } else { Verdict::NotDone })
            }
            Effect::Repeatable(leaves_indexes) => {
                if leaves_indexes {
                    let left: Vec<&Index> =
                        now.indexes.iter().filter(|index| before.is_left(index)).collect();
                    self.drop_invalid(&left).await?;
                }
                Ok(Verdict::NotDone)
            }
            Effect::DetachesPartition => self.verify_detached(&names, &before, &now).await,
            Effect::RunsCode if self.left_nothing => Ok(Verdict::NotDone),
            Effect::RunsCode | Effect::Unknown => Ok(Verdict::Unknown),
        }
    }
}

impl PostgresConnection {
    async fn verify_detached(
        &mut self,
        names: &BTreeSet<String>,
        before: &Fingerprint,
        now: &Fingerprint,
    ) -> Result<Verdict, BackendError> {
        let meant = before
            .partitions
            .iter()
            .find(|old| names.contains(&old.name) && names.contains(&old.parent));
        let Some(meant) = meant else { return Ok(Verdict::Unknown) };
        let same = |new: &&Partition| new.schema == meant.schema && new.name == meant.name;
        match now.partitions.iter().find(same) {
            None => Ok(Verdict::Done),
            Some(partition) if partition.is_pending => {
                let Partition { parent_schema, parent, schema, name, .. } = partition;
                let sql = format!(
                    "ALTER TABLE {}.{} DETACH PARTITION {}.{} FINALIZE",
                    quote(parent_schema),
                    quote(parent),
                    quote(schema),
                    quote(name)
                );
                self.own_outside(&sql, DROP_TIME).await?;
                Ok(Verdict::Done)
            }
            Some(_) => Ok(Verdict::NotDone),
        }
    }

    /// As [`Journaling::fingerprint`], of what belongs to `owner` alone if there is one.
    pub(super) async fn fingerprint_of(
        &mut self,
        sql: &str,
        owner: Option<String>,
    ) -> Result<String, BackendError> {
        let mut found = self.look(&names(sql), owner.as_deref()).await?;
        if owner.is_some() {
            let next = "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())";
            let [next] = super::columns(self.own_texts(next).await?)?;
            (found.owner, found.next) = (owner, next);
        }
        serde_json::to_string(&found).map_err(|error| BackendError::Corrupt(error.to_string()))
    }

    /// Drops the indexes that `sql` made since `before`, whatever is in them.
    pub(super) async fn drop_since(
        &mut self,
        sql: &str,
        before: &Fingerprint,
    ) -> Result<(), BackendError> {
        let now = self.look(&names(sql), before.owner.as_deref()).await?;
        let new = now.indexes.iter().filter(|index| !before.has(index.oid));
        let new: Vec<Index> = new.map(|index| Index { is_valid: false, ..index.clone() }).collect();
        self.drop_invalid(&new.iter().collect::<Vec<_>>()).await
    }

    async fn drop_invalid(&mut self, indexes: &[&Index]) -> Result<(), BackendError> {
        for index in indexes.iter().filter(|index| !index.is_valid) {
            let (schema, name) = (quote(&index.schema), quote(&index.name));
            let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {schema}.{name}");
            self.own_outside(&sql, DROP_TIME).await?;
        }
        Ok(())
    }

    /// Indexes and partitions of the tables that are named, or of all tables where none is. Of the tables of `owner` alone if
    /// there is one.
    async fn look(
        &mut self,
        names: &BTreeSet<String>,
        owner: Option<&str>,
    ) -> Result<Fingerprint, BackendError> {
        self.ready().await?;
        let mut indexes = self.indexes(owner).await?;
        let is_named = |index: &Index| names.contains(&index.table) || names.contains(&index.name);
        // A pattern of names that the catalogue does not know yet, such as REINDEX SCHEMA.
        if indexes.iter().any(is_named) {
            indexes.retain(is_named);
        }
        let mut partitions = self.partitions(owner).await?;
        partitions.retain(|partition| names.contains(&partition.name));
        Ok(Fingerprint { indexes, partitions, owner: None, next: None })
    }

    async fn indexes(&mut self, owner: Option<&str>) -> Result<Vec<Index>, BackendError> {
        let rows = self
            .own_texts(&format!(
                "SELECT i.indexrelid, n.nspname, x.relname, t.relname, i.indisvalid, \
                    EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index w \
                        WHERE w.index_relid = i.indexrelid) \
                 FROM pg_catalog.pg_index i \
                 JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid \
                 JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace \
                 WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema'){} \
                 ORDER BY i.indexrelid",
                is_of("t", owner)
            ))
            .await?;
        let index = |row: super::link::TextRow| {
            let [oid, schema, name, table, valid, in_work] =
                <[Option<String>; 6]>::try_from(row).ok()?;
            Some(Index {
                oid: oid?.parse().ok()?,
                schema: schema?,
                name: name?,
                table: table?,
                is_valid: valid? == "t",
                is_in_work: in_work? == "t",
            })
        };
        Ok(rows.into_iter().filter_map(index).collect())
    }

    async fn partitions(&mut self, owner: Option<&str>) -> Result<Vec<Partition>, BackendError> {
        // The column for a detachment that was begun came with version 14.
        let pending = if self.config.version >= 140_000 { "h.inhdetachpending" } else { "false" };
        let sql = format!(
            "SELECT pn.nspname, p.relname, cn.nspname, c.relname, {pending} \
             FROM pg_catalog.pg_inherits h \
             JOIN pg_catalog.pg_class p ON p.oid = h.inhparent \
             JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace \
             JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid \
             JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace \
             WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f'){}{}",
            is_of("p", owner),
            is_of("c", owner)
        );
        let rows = self.link.own_rows(&sql).await;
        let rows = rows.map_err(|error| error::host_error(error, self.link.url()))?;
        let partition = |row: super::link::TextRow| {
            let [parent_schema, parent, schema, name, pending] =
                <[Option<String>; 5]>::try_from(row).ok()?;
            Some(Partition {
                parent_schema: parent_schema?,
                parent: parent?,
                schema: schema?,
                name: name?,
                is_pending: pending? == "t",
            })
        };
        Ok(rows.into_iter().filter_map(partition).collect())
    }
}

impl Fingerprint {
    /// Reads what a journal's row has.
    pub(super) fn read(text: &str) -> Result<Self, BackendError> {
        serde_json::from_str(text).map_err(|error| BackendError::Corrupt(error.to_string()))
    }

    /// Whether an index is one that a rebuilding made since and did not come to clear away: the new
    /// one, or the old one under a new name.
    fn is_left(&self, index: &Index) -> bool {
        let temporary = index.name.contains("_ccnew") || index.name.contains("_ccold");
        let known = |old: &Index| old.oid == index.oid && old.name == index.name;
        temporary && !index.is_valid && !index.is_in_work && !self.indexes.iter().any(known)
    }

    fn has(&self, oid: u32) -> bool {
        self.indexes.iter().any(|index| index.oid == oid)
    }
}

/// A condition: the table of the row `table` belongs to `owner`, if there is one.
fn is_of(table: &str, owner: Option<&str>) -> String {
    let is_of = |owner: &str| {
        format!(
            " AND pg_catalog.pg_get_userbyid({table}.relowner) OPERATOR(pg_catalog.=) {}",
            literal(owner)
        )
    };
    owner.map(is_of).unwrap_or_default()
}

fn names(sql: &str) -> BTreeSet<String> {
    Statement::one(sql, Dialect::Postgresql).map(|statement| statement.names()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rebuilding_leaves() {
        let index = |oid, name: &str, is_valid| Index {
            oid,
            schema: "s".into(),
            name: name.into(),
            table: "t".into(),
            is_valid,
            is_in_work: false,
        };
        let before = Fingerprint {
            indexes: vec![index(1, "i", true), index(2, "mine_ccnew", false)],
            ..Fingerprint::default()
        };
        let table = [
            (index(1, "i", true), false),
            (index(1, "i_ccold", false), true),
            (index(3, "i_ccnew1", false), true),
            (index(3, "i_ccnew", true), false),
            (index(2, "mine_ccnew", false), false),
            (Index { is_in_work: true, ..index(3, "i_ccnew", false) }, false),
        ];
        for (index, expected) in table {
            assert_eq!(before.is_left(&index), expected, "{index:?}");
        }
    }

    #[test]
    fn effects() {
        let table = [
            ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (x)", Effect::CreatesIndex),
            ("DROP INDEX CONCURRENTLY i", Effect::DropsIndex),
            ("REINDEX (VERBOSE) TABLE CONCURRENTLY t", Effect::Repeatable(true)),
            ("VACUUM t", Effect::Repeatable(false)),
            ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", Effect::DetachesPartition),
            ("CALL create_index()", Effect::RunsCode),
            ("CREATE DATABASE d", Effect::Unknown),
        ];
        for (sql, expected) in table {
            let statement = Statement::one(sql, Dialect::Postgresql).unwrap();
            let words: Vec<String> = statement.words().map(|word| word.into_owned()).collect();
            assert_eq!(effect(&words), expected, "{sql}");
        }
    }
}
