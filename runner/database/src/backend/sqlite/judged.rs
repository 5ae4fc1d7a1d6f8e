//! What a confined plugin's hook leaves behind on SQLite, judged before its transaction is committed.
//!
//! An authorizer is not told what triggers and views will do, what a foreign key refers to, which table a virtual table reads,
//! or the new name of what is renamed. So the schema is compared with the one before: of others' nothing may have changed, and
//! what is new or says something else now is compiled as it would run later, under the same bounds.

use super::{
    addition::{columns, own_columns},
    bounds::{Bounds, refused},
    error::host_error,
    guard::{Rights, SchemaActions, is_own},
    objects::SchemaRow,
    session::SqliteSession,
    virtual_table,
};
use crate::{
    backend::{BackendError, connection::Cell, identifier::in_quotes as quote, one_by_one::Steps},
    session::{ErrorKind, Lacks, Script, SqlError},
    sql::sqlite,
};
use alteration_domain::record::{ObjectKind, Record};
use sqlx::{AssertSqlSafe, Row as _};
use std::{
    collections::{BTreeSet, HashMap},
    sync::atomic::Ordering,
};

/// What names of the runner's own tables begin with, also of a later runner's.
const RUNNERS: &str = "alteration_";

fn denied(reason: String) -> BackendError {
    BackendError::Refused(refused(reason, Lacks::Level))
}

impl SqliteSession {
    /// Judges a hook. Of the schema, `before` is empty where nothing was altered or dropped, and `after` then has only what
    /// came behind `standing`.
    pub(super) async fn judge(
        &mut self,
        bounds: &Bounds,
        before: &[SchemaRow],
        after: &[SchemaRow],
        standing: &[SchemaRow],
        actions: &SchemaActions,
    ) -> Result<(), BackendError> {
        let former: HashMap<_, _> =
            before.iter().map(|row| (&row.object, (&row.table, &row.sql))).collect();
        let is_new = |row: &SchemaRow| former.get(&row.object) != Some(&(&row.table, &row.sql));
        // What names something that is gone by now may mean another one later.
        let is_shaken = |row: &SchemaRow| {
            let text = row.sql.to_ascii_lowercase();
            actions.dropped.iter().chain(&actions.altered).any(|name| is_named(&text, name))
        };
        let own = || after.iter().filter(|row| bounds.owner(&row.object.name).is_none());
        let is_there = |name: &str| {
            after.iter().chain(standing).any(|row| {
                (row.is(ObjectKind::Table) || row.is(ObjectKind::View))
                    && row.object.name.eq_ignore_ascii_case(name)
            })
        };
        for row in own().filter(|row| row.is(ObjectKind::Table) && (is_new(row) || is_shaken(row)))
        {
            if row.object.name.to_ascii_lowercase().starts_with(RUNNERS) {
                return Err(denied(format!(
                    "`{}` may not be called so: names that begin with {RUNNERS} are the runner's",
                    row.object.name
                )));
            }
            if row.sql.to_ascii_lowercase().contains("references") {
                let parents = self.judge_keys(bounds, &row.object.name, None).await?;
                if let Some(parent) = parents.into_iter().find(|parent| !is_there(parent)) {
                    return Err(denied(format!(
                        "`{}` refers to `{parent}`, which is not there: another plugin could make it later",
                        row.object.name
                    )));
                }
            }
            judge_content(bounds, row, &is_there)?;
        }
        let is_judged = |row: &&SchemaRow| is_new(row) || is_shaken(row);
        for row in own().filter(|row| row.is(ObjectKind::View)).filter(is_judged) {
            let sql = format!("SELECT * FROM main.{}", quote(&row.object.name));
            self.compile(&sql).await.map_err(|error| unclear("view", row, &error))?;
        }
        let mut fired: HashMap<String, &SchemaRow> = HashMap::new();
        for row in own().filter(|row| row.is(ObjectKind::Trigger)).filter(is_judged) {
            fired.entry(row.table.to_ascii_lowercase()).or_insert(row);
        }
        for row in fired.into_values() {
            self.judge_triggers(row).await?;
        }
        Ok(())
    }

    /// Compiles what fires the triggers of a table or view, each event and column.
    async fn judge_triggers(&mut self, trigger: &SchemaRow) -> Result<(), BackendError> {
        let table = format!("main.{}", quote(&trigger.table));
        let sql = "SELECT name FROM pragma_table_xinfo(?, 'main') WHERE hidden = 0";
        let of_table = [Cell::text(&trigger.table)];
        let mut columns: Vec<String> = self.texts(sql, &of_table).await?;
        let sql = "SELECT type || wr FROM pragma_table_list(?) WHERE schema = 'main'";
        let kind = self.texts(sql, &of_table).await?;
        let (is_view, has_rowid) = (kind == ["view0"], kind == ["table0"]);
        if has_rowid {
            // A trigger may name them as columns.
            columns.extend(["rowid", "oid", "_rowid_"].map(str::to_owned));
        }
        let set: Vec<String> =
            columns.iter().map(|name| format!("{0} = {0}", quote(name))).collect();
        let events = [
            format!("INSERT INTO {table} DEFAULT VALUES"),
            format!("UPDATE {table} SET {}", set.join(", ")),
            format!("DELETE FROM {table}"),
        ];
        // No trigger of the view stands in place of the statement. If one comes later, it is judged with the others.
        let stands_alone = format!("cannot modify {} because it is a view", trigger.table);
        for event in events {
            match self.compile(&event).await {
                Err(error) if is_view && error.message == stands_alone => {}
                compiled => compiled.map_err(|error| unclear("trigger", trigger, &error))?,
            }
        }
        Ok(())
    }

    /// Returns the texts of one column.
    async fn texts(&mut self, sql: &str, params: &[Cell]) -> Result<Vec<String>, BackendError> {
        let cells = self.read_own(sql, params).await?.into_iter().flatten();
        Ok(cells
            .filter_map(|cell| match cell {
                Cell::Text(text) => text,
                Cell::Integer(_) | Cell::Bytes(_) => None,
            })
            .collect())
    }

    async fn compile(&mut self, sql: &str) -> Result<(), SqlError> {
        let text = Script::new(sql)?;
        self.inspect_with(text.rest(0), Rights::Standing).await?;
        self.judge_opened(sql).await
    }

    /// Judges an INSERT whose rows SQLite takes from another table without asking about it. At every level the runner's own
    /// tables are out of reach.
    pub(super) async fn judge_copy(&mut self, sql: &str) -> Result<(), SqlError> {
        self.judge_opened(sql).await
    }

    /// Judges which tables a statement opens, by SQLite's own program for it.
    async fn judge_opened(&mut self, sql: &str) -> Result<(), SqlError> {
        let failed = |error| SqlError::new(ErrorKind::Other, host_error(error).to_string());
        self.guard.set(Rights::Host);
        let roots = "SELECT rootpage, tbl_name FROM main.sqlite_schema WHERE rootpage > 1";
        let roots: Vec<(i64, String)> = sqlx::query_as(roots)
            .persistent(false)
            .fetch_all(&mut self.connection)
            .await
            .map_err(failed)?;
        let roots: HashMap<i64, String> = roots.into_iter().collect();
        let program = sqlx::query(AssertSqlSafe(format!("EXPLAIN {sql}")))
            .persistent(false)
            .fetch_all(&mut self.connection)
            .await
            .map_err(failed)?;
        let bounds = self.guard.bounds();
        for step in program {
            let at = |column| step.try_get_unchecked::<i64, _>(column).unwrap_or_default();
            let opcode: String = step.try_get_unchecked("opcode").map_err(failed)?;
            let is_written = opcode == "OpenWrite";
            // The third operand is the schema: 0 is the file's own.
            if !(is_written || opcode == "OpenRead" || opcode == "ReopenIdx") || at("p3") != 0 {
                continue;
            }
            let Some(table) = roots.get(&at("p2")) else { continue };
            if is_own(table) {
                return Err(SqlError::new(ErrorKind::Denied, sqlite::own_table(table)));
            }
            let bounds = bounds.as_ref();
            if let Some(refusal) = bounds.and_then(|bounds| bounds.opened(table, is_written)) {
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// Judges the foreign keys of the tables that the last statement made or altered. Later is too late: a key tells which
    /// rows another table has as soon as it is there.
    pub(super) async fn judge_new_keys(&mut self) -> Result<(), SqlError> {
        let shaped = self.guard.take_shaped();
        let Some(bounds) = self.guard.bounds().filter(|bounds| !bounds.is_alone()) else {
            return Ok(());
        };
        for table in shaped {
            let known = self.objects.known.as_ref();
            let former = known.filter(|_| bounds.owner(&table).is_some()).and_then(|known| {
                let is = |row: &&SchemaRow| row.object.name.eq_ignore_ascii_case(&table);
                known.rows.iter().find(is).map(|row| columns(&row.sql))
            });
            self.judge_keys(&bounds, &table, former).await.map_err(|error| match error {
                BackendError::Refused(error) => error,
                other => SqlError::new(ErrorKind::Other, other.to_string()),
            })?;
        }
        Ok(())
    }

    /// Judges the foreign keys of a table, and returns the tables that they refer to. In a table of others, with `former`
    /// columns, only those of columns that came since are judged.
    async fn judge_keys(
        &mut self,
        bounds: &Bounds,
        child: &str,
        former: Option<BTreeSet<String>>,
    ) -> Result<Vec<String>, BackendError> {
        let sql = "SELECT \"table\", \"from\", on_update, on_delete \
            FROM pragma_foreign_key_list(?, 'main')";
        let mut parents = Vec::new();
        for cells in self.read_own(sql, &[Cell::text(child)]).await? {
            let mut cells = Record::new(cells, "a foreign key");
            let (parent, column) = (cells.text("table")?, cells.text("from")?);
            if let Some(former) = &former {
                if former.contains(&column.to_ascii_lowercase()) {
                    continue;
                }
                for action in ["on_update", "on_delete"] {
                    let action = cells.text(action)?;
                    if !["NO ACTION", "RESTRICT"].contains(&action.as_str()) {
                        return Err(denied(format!(
                            "`{}` may not have rows of `{child}` change with those of `{parent}` ({action})",
                            bounds.granted.plugin
                        )));
                    }
                }
            }
            if let Some(refusal) = bounds.reference(child, &parent) {
                return Err(BackendError::Refused(refusal));
            }
            parents.push(parent);
        }
        Ok(parents)
    }

    /// Refuses temporary objects with names of others, which a rename can give them.
    pub(super) async fn refuse_shadows(&mut self) -> Result<(), SqlError> {
        let Some(bounds) = self.guard.bounds() else { return Ok(()) };
        let sql = "SELECT name FROM temp.sqlite_schema";
        let names = self.read_own(sql, &[]).await;
        let names = names.map_err(|error| SqlError::new(ErrorKind::Other, error.to_string()))?;
        for cell in names.into_iter().flatten() {
            if let Cell::Text(Some(name)) = cell
                && let Some(owner) = bounds.owner(&name)
            {
                let plugin = &bounds.granted.plugin;
                let reason = format!("`{plugin}` may not make another `{name}` of {owner}");
                return Err(refused(reason, Lacks::Level));
            }
        }
        Ok(())
    }

    /// Keeps, before a hook first changes a number that AUTOINCREMENT goes by, those of others.
    pub(super) async fn keep_sequences(&mut self) -> Result<(), SqlError> {
        let is_written = self.guard.sequence_written.load(Ordering::SeqCst);
        if is_written && self.objects.sequences.is_none() && self.guard.bounds().is_some() {
            let kept = self.sequences().await;
            let kept = kept.map_err(|error| SqlError::new(ErrorKind::Other, error.to_string()))?;
            self.objects.sequences = Some(kept);
        }
        Ok(())
    }

    /// Compares these numbers with what the hook left.
    pub(super) async fn compare_sequences(&mut self) -> Result<(), BackendError> {
        self.guard.sequence_written.store(false, Ordering::SeqCst);
        let Some(before) = self.objects.sequences.take() else { return Ok(()) };
        let Some(bounds) = self.guard.bounds() else { return Ok(()) };
        match self.sequences().await? == before {
            true => Ok(()),
            false => Err(denied(format!(
                "`{}` may not change the numbers in `sqlite_sequence` of tables that are not its own",
                bounds.granted.plugin
            ))),
        }
    }

    async fn sequences(&mut self) -> Result<Vec<(String, String)>, BackendError> {
        let Some(bounds) = self.guard.bounds() else { return Ok(Vec::new()) };
        let sql = "SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'";
        if self.read_own(sql, &[]).await?.is_empty() {
            return Ok(Vec::new());
        }
        self.guard.set(Rights::Host);
        let sql = "SELECT CAST(name AS TEXT), quote(seq) FROM main.sqlite_sequence \
            WHERE name IS NOT NULL ORDER BY 1, 2";
        let rows: Vec<(String, String)> = sqlx::query_as(sql)
            .persistent(false)
            .fetch_all(&mut self.connection)
            .await
            .map_err(host_error)?;
        Ok(rows.into_iter().filter(|(name, _)| bounds.owner(name).is_some()).collect())
    }
}

/// Returns whether a text in lower case names a thing, in any quotes.
fn is_named(text: &str, name: &str) -> bool {
    let doubled = |quote: &str| name.replace(quote, &quote.repeat(2));
    text.contains(name)
        || ["\"", "`", "'"]
            .iter()
            .any(|quote| name.contains(quote) && text.contains(&doubled(quote)))
}

/// Refuses a hook after which a row of others is not as it was before, but for columns that were added where that was granted.
/// Those that are the plugin's `own` may go again.
pub(super) fn others_are_as_they_were(
    bounds: &Bounds,
    before: &[SchemaRow],
    after: &[SchemaRow],
    own: &impl Fn(&str) -> BTreeSet<String>,
) -> Result<(), BackendError> {
    let now: HashMap<_, _> = after.iter().map(|row| (&row.object, row)).collect();
    for row in before {
        let Some(owner) = bounds.owner(&row.object.name) else { continue };
        let (plugin, kind, name) = (&bounds.granted.plugin, row.object.kind, &row.object.name);
        let what = match now.get(&row.object) {
            None => "would be gone",
            Some(found) if (&found.table, &found.sql) == (&row.table, &row.sql) => continue,
            Some(found)
                if bounds.may_alter(name)
                    && row.table == found.table
                    && own_columns(&row.sql, &found.sql, &own(name)).is_some() =>
            {
                continue;
            }
            Some(_) => "would be another one",
        };
        return Err(denied(format!(
            "`{plugin}` may not do this: the {kind} `{name}` of {owner} {what}"
        )));
    }
    Ok(())
}

/// Refuses a virtual table that reads a table of others, or one that is not there.
fn judge_content(
    bounds: &Bounds,
    row: &SchemaRow,
    is_there: &impl Fn(&str) -> bool,
) -> Result<(), BackendError> {
    let is_virtual =
        row.sql.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("CREATE VIRTUAL"));
    if !is_virtual {
        return Ok(());
    }
    let (plugin, name) = (&bounds.granted.plugin, &row.object.name);
    let Some(read) = virtual_table::read_by(&row.sql) else {
        return Err(denied(format!("what the virtual table `{name}` reads cannot be understood")));
    };
    for table in read {
        if let Some(owner) = bounds.owner(&table) {
            return Err(denied(format!(
                "`{plugin}` may not have `{name}` read `{table}` of {owner}"
            )));
        }
        if !is_there(&table) {
            return Err(denied(format!(
                "`{name}` reads `{table}`, which is not there: another plugin could make it later"
            )));
        }
    }
    Ok(())
}

/// Explains a trigger or view that cannot be compiled: what it names may be made later, by another plugin.
fn unclear(kind: &str, row: &SchemaRow, error: &SqlError) -> BackendError {
    let name = &row.object.name;
    let reason = match error.kind {
        ErrorKind::Denied => format!("the {kind} `{name}`: {}", error.message),
        _ => format!("the {kind} `{name}` cannot be judged: {}", error.message),
    };
    BackendError::Refused(refused(reason, error.lacks.clone().unwrap_or(Lacks::Level)))
}
