//! `runner inspect`: what a file is, says, needs and asks for.

use super::{
    explain::Exit,
    options::{Format, Output},
    output::{self, count},
};
use crate::{
    escape::{Escaped, EscapedLines},
    pack::{self, About, InspectFileError, Inspection, Interface, ManifestFound, Sbom},
};
use std::path::PathBuf;

/// Shows what a component is, says of itself, needs and asks for; runs nothing
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
            if let Some(replaced) = &manifest.replaces {
                line("replaces", replaced.as_str());
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
                for permission in &alteration.permissions {
                    line("", &format!("  permission {}", permission.as_str()));
                }
                for setting in &alteration.settings {
                    line("", &format!("  setting {setting}"));
                }
                if let Some(timeout) = alteration.lock_timeout_ms {
                    line("", &format!("  waits for a lock for at most {timeout} ms"));
                }
                if let Some(timeout) = alteration.statement_timeout_ms {
                    line("", &format!("  each statement takes at most {timeout} ms"));
                }
            }
        }
    }
    let permissions: Vec<&str> = inspection.permissions.iter().map(|p| p.as_str()).collect();
    line(
        "permissions",
        if permissions.is_empty() { "none".into() } else { permissions.join(", ") }.as_str(),
    );
    let (wasi, others): (Vec<_>, Vec<_>) =
        inspection.imports.iter().partition(|i| is_wasi(&i.name));
    if !wasi.is_empty() {
        let interfaces = count(wasi.len() as u64, "interface");
        line("imports", &format!("wasi: {interfaces}, with no files, network or time behind them"));
    }
    let exports = inspection.exports.iter().collect();
    for (label, interfaces) in [("imports", others), ("exports", exports)] {
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
    for About { field, text, of_part } in &inspection.about {
        line(label(field), &format!("{text}{}", if *of_part { "  (of a part)" } else { "" }));
    }
    for Sbom { section, format, packages } in &inspection.sboms {
        let packages = count(packages.len() as u64, "package");
        line("sbom", &format!("{packages}, {format}, in the section {section}"));
    }
    for size in &inspection.core_module_sizes_bytes {
        line("core module", &format!("{size} bytes"));
    }
}

/// Whether it is of the WASI that each hook gets, whose many functions tell nothing of a component.
fn is_wasi(import: &str) -> bool {
    const PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];
    let package = import.strip_prefix("wasi:").and_then(|name| name.split_once('/'));
    package.is_some_and(|(package, _)| PACKAGES.contains(&package))
}

/// As the rest of the output spells it, and short enough for its column.
fn label(field: &'static str) -> &'static str {
    match field {
        "licenses" => "licence",
        other => other,
    }
}
