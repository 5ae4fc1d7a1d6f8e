//! Components that go down instead of those that were applied: how they differ, for whoever agrees to it.
//!
//! Of SQL the texts are compared that would have run and that will; of code no more can be said than its size and checksum.
//! Alters nothing.

use super::components::Components;
use crate::{
    alteration::{AlterationKey, Dialect},
    backend::{Backend, BackendError, Snapshot},
    error::Error,
    event::{Replaced, ReplacedSql},
    pack::{SqlHook, SqlSource},
    plan::{Plan, Step},
};
use similar::{Algorithm, ChangeTag, capture_diff_slices, group_diff_ops};

/// Lines that stay around those that differ.
const CONTEXT_LINES: usize = 3;

/// Compares what `plan` takes down with other components than those that were applied.
pub(super) async fn look(
    plan: &Plan,
    snapshot: &Snapshot,
    components: &Components,
    backend: &mut Backend,
) -> Result<Vec<Replaced>, Error> {
    let mut replaced = Vec::new();
    for Step { key, with, .. } in &plan.steps {
        let (Some(with), Some(row)) = (*with, snapshot.rows.get(key)) else { continue };
        let Some((_, ready)) = components.get(key) else { continue };
        let applied = match backend.archived(row.component_checksum).await {
            Err(BackendError::ArchiveDamaged(_) | BackendError::Corrupt(_)) => None,
            archived => archived?,
        };
        let sources = (applied.as_deref().and_then(SqlSource::of), ready.sql());
        replaced.push(Replaced {
            key: key.clone(),
            applied: row.component_checksum,
            applied_bytes: applied.as_ref().map(Vec::len),
            with,
            with_bytes: ready.bytes.len(),
            sql: match sources {
                (Some(applied), Some(offered)) => {
                    Some(sql(key, (&applied, offered), backend.dialect()))
                }
                _ => None,
            },
        });
    }
    Ok(replaced)
}

fn sql(
    key: &AlterationKey,
    (applied, offered): (&SqlSource, &SqlSource),
    dialect: Dialect,
) -> Vec<ReplacedSql> {
    let hooks = [SqlHook::BeforeDown, SqlHook::Down].into_iter();
    let texts = hooks.map(|hook| {
        let text = |source: &SqlSource| source.text(&key.id, hook, dialect).to_owned();
        (hook.name(), text(applied), text(offered))
    });
    texts
        .filter(|(_, before, now)| !before.is_empty() || !now.is_empty())
        .map(|(hook, before, now)| ReplacedSql { hook, lines: lines(&before, &now) })
        .collect()
}

fn lines(before: &str, now: &str) -> Vec<String> {
    let (before, now): (Vec<&str>, Vec<&str>) = (before.lines().collect(), now.lines().collect());
    let mut lines = Vec::new();
    let operations = capture_diff_slices(Algorithm::Myers, &before, &now);
    for group in group_diff_ops(operations, CONTEXT_LINES) {
        for change in group.iter().flat_map(|operation| operation.iter_changes(&before, &now)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            lines.push(format!("{sign}{}", change.value()));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn what_differs() {
        let table: [(&str, &str, &[&str]); 4] = [
            ("DROP TABLE a;\n", "DROP TABLE a;\n", &[]),
            ("", "DROP TABLE a;", &["+DROP TABLE a;"]),
            (
                "-- a\nDROP TABLE b;\n",
                "-- a\nDROP TABLE a;\n",
                &[" -- a", "-DROP TABLE b;", "+DROP TABLE a;"],
            ),
            ("0\n1\n2\n3\n4\n5\n", "0\n1\n2\n3\n4\n6\n", &[" 2", " 3", " 4", "-5", "+6"]),
        ];
        for (before, now, expected) in table {
            assert_eq!(lines(before, now), expected, "{before:?} {now:?}");
        }
    }
}
