//! `runner inspect`: what a file is, says, needs and asks for.

use super::{
    explain::Exit,
    options::{Format, Output},
    output,
};
use crate::{
    escape::{Escaped, EscapedLines},
    pack::{self, InspectFileError, Inspection, Interface, ManifestFound},
};
use std::path::PathBuf;

/// Shows a component's manifest, imports, exports, permissions and sizes; runs nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner inspect plugins/acme/shop/1.0.0-1735689600-create-customers.wasm
  runner inspect component.wasm --format json")]
pub(super) struct Args {
    /// A component or core module
    file: PathBuf,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: &Args) -> Exit {
    let inspected = pack::inspect_file(&args.file);
    match inspected {
        Ok(inspection) => {
            match args.output.format {
                Format::Json => output::json(&inspection),
                Format::Text => text(&inspection),
            }
            Exit::Done
        }
        Err(error) => {
            let next = match &error {
                InspectFileError::Inspect { .. } => "get or build the file again",
                _ => "give the path of a WebAssembly file",
            };
            let message = crate::secret::hidden(&EscapedLines(&error.to_string()).to_string());
            if args.output.format == Format::Json {
                output::json(&serde_json::json!({
                    "error": { "message": message, "next": next, "exit_code": Exit::Failed as u8 }
                }));
            }
            output::problem(&message, &[("next", next.to_owned())]);
            Exit::Failed
        }
    }
}

fn text(inspection: &Inspection) {
    let line = |label: &str, text: &str| output::result(&format!("{label:12} {}", Escaped(text)));
    line("kind", &format!("{:?}", inspection.kind).to_lowercase());
    line("size", &format!("{} bytes", inspection.size_bytes));
    line("checksum", &inspection.component_checksum.to_string());
    match &inspection.manifest {
        ManifestFound::Absent => line("manifest", "none: its file and folder name identify it"),
        ManifestFound::Invalid(reason) => line("manifest", &format!("not usable: {reason}")),
        ManifestFound::Valid(manifest) => {
            line("plugin", manifest.plugin.as_str());
            for (plugin, version) in &manifest.requires {
                line("requires", &format!("{plugin} {version}"));
            }
            for dialect in &manifest.dialects {
                line("dialect", dialect.as_str());
            }
            for alteration in &manifest.alterations {
                let mut text = alteration.id.to_string();
                if alteration.irreversible {
                    text.push_str(" (irreversible)");
                }
                line("alteration", &text);
                if let Some(description) = &alteration.description {
                    line("", &format!("  {description}"));
                }
            }
        }
    }
    let permissions: Vec<&str> = inspection.permissions.iter().map(|p| p.as_str()).collect();
    line(
        "permissions",
        if permissions.is_empty() { "none".into() } else { permissions.join(", ") }.as_str(),
    );
    for (label, interfaces) in [("imports", &inspection.imports), ("exports", &inspection.exports)]
    {
        for Interface { name, functions } in interfaces {
            match functions.is_empty() {
                true => line(label, name),
                false => line(label, &format!("{name}: {}", functions.join(", "))),
            }
        }
    }
    for producer in &inspection.producers {
        let text = format!("{} {} {}", producer.field, producer.name, producer.version);
        line("producer", text.trim_end());
    }
    for size in &inspection.core_module_sizes_bytes {
        line("core module", &format!("{size} bytes"));
    }
}
