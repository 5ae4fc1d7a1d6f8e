//! What a rollback destroys, for the person who is asked: tables, columns and rows, and how to save them.

use super::output::{self, count};
use alteration_deploy::{
    Question,
    deploy::{Certainty, Exported, Losses, LostColumn, LostRows, LostTable},
};
use alteration_domain::escape::{Escaped, EscapedLines};
use std::path::Path;

/// Lists what goes, a line each.
pub(super) fn text(losses: &Losses, export: Option<&Path>, line: impl Fn(&str)) {
    for LostTable { table, rows, certainty } in &losses.tables {
        let (table, rows) = (Escaped(table), count(*rows, "row"));
        line(&match certainty {
            Certainty::Rehearsed | Certainty::Read => format!("   drops table {table} ({rows})"),
            Certainty::Perhaps => format!("   may drop table {table}, or rows of it ({rows})"),
        });
    }
    for LostColumn { table, column, rows, certainty } in &losses.columns {
        let (table, column, rows) = (Escaped(table), Escaped(column), count(*rows, "row"));
        line(&match certainty {
            Certainty::Rehearsed | Certainty::Read => {
                format!("   drops column {column} of table {table} ({rows})")
            }
            Certainty::Perhaps => {
                format!("   may lose the values in column {column} of table {table} ({rows})")
            }
        });
    }
    for LostRows { table, lost, rows, .. } in &losses.rows {
        let (table, rows) = (Escaped(table), count(*rows, "row"));
        line(&match lost {
            Some(lost) => format!("   loses {lost} of {rows} of table {table}"),
            None => format!("   may lose rows of table {table}, or values in them ({rows})"),
        });
    }
    let is_nothing = losses.is_empty();
    match &losses.unsure {
        Some(why) => {
            let why = EscapedLines(why).to_string().replace('\n', "\n      ");
            line(&format!("   there may be more: {why}"));
        }
        None if is_nothing => line("   drops no table, column or row"),
        None => {}
    }
    match export {
        Some(folder) => line(&format!(
            "   these are written to {} first",
            output::word(&folder.display().to_string())
        )),
        None if !is_nothing => line("   `--export DIR` writes these tables to files first"),
        None => {}
    }
}

/// The question behind that.
pub(super) fn question(question: &Question<'_>) -> String {
    match (question.losses, question.export) {
        (Some(losses), None) => {
            let is_dropped = !losses.tables.is_empty() || !losses.columns.is_empty();
            let what = match (is_dropped, losses.rows.is_empty()) {
                (_, true) => "dropped",
                (true, false) => "dropped or lost",
                (false, false) => "lost",
            };
            format!(
                "What is {what} cannot be brought back; `--export DIR` saves it first. Go on? [y/N] "
            )
        }
        _ if question.plan.lacks_grants() => {
            "A yes grants what is NOT granted above, and that is recorded. Go on? [y/N] ".to_owned()
        }
        _ => "Go on? [y/N] ".to_owned(),
    }
}

pub(super) fn exported(exported: &Exported) {
    let Exported { folder, tables, rows } = exported;
    let (tables, rows) = (count(*tables as u64, "table"), count(*rows, "row"));
    let folder = output::word(&folder.display().to_string());
    output::result(&format!("Exported {tables} with {rows} to {folder}."));
}
