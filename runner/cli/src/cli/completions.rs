//! `runner completions`: made from the definitions of the commands.

use super::{explain::Exit, output};

/// Writes shell completions to standard output
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  runner completions bash > /etc/bash_completion.d/runner")]
pub(super) struct Args {
    /// The shell to write them for
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "runner", &mut text);
    output::raw(&text);
    Exit::Done
}
