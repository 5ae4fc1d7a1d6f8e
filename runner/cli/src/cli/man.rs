//! `runner man`: the manual, made from the definitions of the commands.

use super::{explain::Exit, output};
use std::path::PathBuf;

/// Writes the manual page to standard output, or one page per verb to a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner man | man -l -
  runner man --out /usr/local/share/man/man1")]
pub(super) struct Args {
    /// Write one page per verb to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Exit {
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
