//! `runner completions` and `runner man`: both made from the definitions of the commands.

use super::{explain::Exit, output};
use std::path::PathBuf;

/// Writes completions for a shell to standard output
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  runner completions bash > /etc/bash_completion.d/runner")]
pub(super) struct CompletionsArgs {
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Writes the manual page to standard output, or a page for each verb into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner man | man -l -
  runner man --out /usr/local/share/man/man1")]
pub(super) struct ManArgs {
    /// The folder for one page for each verb
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn completions(args: &CompletionsArgs) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "runner", &mut text);
    output::raw(&text);
    Exit::Done
}

pub(super) fn man(args: &ManArgs) -> Exit {
    let written = match &args.out {
        Some(folder) => std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(super::command(), folder)),
        None => {
            let mut text = Vec::new();
            let rendered = clap_mangen::Man::new(super::command()).render(&mut text);
            output::raw(&text);
            rendered
        }
    };
    match written {
        Ok(()) => Exit::Done,
        Err(error) => {
            output::problem(&format!("the manual page cannot be written: {error}"), &[]);
            Exit::Failed
        }
    }
}
