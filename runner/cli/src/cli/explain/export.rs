//! Errors after tables were written to files: they stay, and are named.

use super::Explanation;
use crate::cli::{command, output};
use alteration_deploy::deploy::Exported;
use std::path::Path;

/// Says what is in the folder, and how to try again without it: it may be all that is left of what went.
pub(super) fn after_export(explanation: &mut Explanation, exported: &Exported) -> String {
    let Exported { folder, tables, .. } = exported;
    let is = if *tables == 1 { "is" } else { "are" };
    let tables = output::count(*tables as u64, "table");
    let shown = output::word(&folder.display().to_string());
    explanation.details.push(("exported", format!("{tables} {is} in {shown}")));
    explanation.exported = Some(exported.clone());
    explanation.commands.push(command::again_to("--export", &unused(folder)));
    format!(
        "{}; then export to another folder, because {shown} is kept:",
        std::mem::take(&mut explanation.next)
    )
}

/// A folder beside `folder` that does not exist yet.
fn unused(folder: &Path) -> String {
    let numbered = |number: usize| {
        let mut name = folder.file_name().unwrap_or_default().to_os_string();
        name.push(format!("-{number}"));
        folder.with_file_name(name)
    };
    let mut free = (2..).map(numbered).skip_while(|path| path.symlink_metadata().is_ok());
    free.next().unwrap_or_default().display().to_string()
}
