//! `runner new`: a project for the author of a plugin.

use super::{
    explain::{self, Exit, Refusal},
    options::{Format, Output},
    output::{self, count},
};
use crate::new::{self, Language};
use alteration_domain::alteration::PluginName;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

/// Creates a plugin project: a manifest, one alteration, a test, and the SDK
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner new acme/notes --lang sql      a folder `notes` with SQL files; needs no toolchain
  runner new acme/notes --lang rust
  runner new acme/notes --lang ts       TypeScript; `--lang js` is JavaScript")]
pub(super) struct Args {
    /// Name the plugin; the part after the slash names the folder
    #[arg(value_name = "VENDOR/NAME")]
    name: PluginName,
    /// Choose the language of the alterations
    #[arg(long, value_name = "LANGUAGE", value_parser = language())]
    lang: Language,
    #[command(flatten)]
    output: Output,
}

fn language() -> impl TypedValueParser<Value = Language> {
    let find = |name: &str| Language::ALL.into_iter().find(|language| language.as_str() == name);
    PossibleValuesParser::new(Language::ALL.map(Language::as_str))
        .map(move |name| find(&name).expect("clap lets no other through"))
}

#[derive(Serialize)]
struct Document<'a> {
    /// The command that builds the project, to be run in its folder.
    build: &'a str,
    /// Every file that was written.
    files: &'a [String],
    /// The plugin's name.
    plugin: &'a PluginName,
}

const UNCHANGED: &str = "nothing was written";

pub(super) fn run(args: &Args) -> Exit {
    // The stamp of the first alteration; a clock before 1970 gives the first possible one.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let files = new::files(&args.name, args.lang, now);
    let folder = Path::new(args.name.name());
    let build = args.lang.build_command();
    if let Err(error) = new::write(&files, folder) {
        let next = "make it in another folder, or move what is there away";
        let message = error.to_string();
        let refusal = Refusal { message: &message, changed: UNCHANGED, next, ..Refusal::default() };
        return explain::refused(refusal, Exit::Failed, args.output.format);
    }
    let paths: Vec<String> =
        files.iter().map(|file| format!("{}/{}", folder.display(), file.path)).collect();
    match args.output.format {
        Format::Json => output::sorted_json(&Document { build, files: &paths, plugin: &args.name }),
        Format::Text => {
            // The SDK is the runner's, and many files.
            let (sdk, own): (Vec<_>, Vec<_>) =
                paths.iter().partition(|path| path.contains("/sdk/"));
            for path in own {
                output::result(path);
            }
            if !sdk.is_empty() {
                let files = count(sdk.len() as u64, "file");
                output::result(&format!("{}/sdk/ ({files})", folder.display()));
            }
            output::result(&format!("Made {} in {}.", args.name, folder.display()));
            output::note(&format!("next: cd {} && {build}", folder.display()));
        }
    }
    Exit::Done
}
