//! `runner inspect`: what a file is, says, needs and asks for.

use super::{
    explain::{self, Exit, Refusal},
    listing,
    options::{CacheFolder, Format, Output},
    output::{self, count},
};
use alteration_deploy::rehearsals::Rehearsals;
use alteration_domain::{
    alteration::{Declaration, Dialect, ForeignKeys, Manifest},
    escape::Escaped,
};
use alteration_pack::{
    self as pack, About, InspectFileError, Inspection, Interface, ManifestFound, Sbom, SqlText,
};
use std::{collections::BTreeSet, path::PathBuf};

/// Shows a component's manifest, imports, exports, permissions and sizes without running it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner inspect plugins/acme/shop/1.0.0-1735689600-create-customers.wasm
  runner inspect component.wasm --format json
  runner inspect component.wasm --sql > component.sql    the SQL of its hooks")]
pub(super) struct Args {
    /// A component or a core module
    file: PathBuf,
    /// Print its SQL instead; for code, the statements of its last `deploy --dry-run --save`
    #[arg(long)]
    sql: bool,
    #[command(flatten)]
    cache: CacheFolder,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: &Args) -> Exit {
    let format = args.output.format;
    let inspected = match args.sql {
        true => pack::sql_of_file(&args.file).map(|of| {
            let kept = args.cache.path().as_deref().map(Rehearsals::of_cache);
            listing::list(&args.file, &of, kept.as_ref(), format)
        }),
        false => pack::inspect_file(&args.file).map(|inspection| {
            match format {
                Format::Json => output::json(&inspection),
                Format::Text => text(&inspection),
            }
            Exit::Done
        }),
    };
    match inspected {
        Ok(exit) => exit,
        Err(error) => {
            let next = match &error {
                InspectFileError::Inspect { .. } => "get or build the file again",
                _ => "give the path of a WebAssembly file",
            };
            let message = error.to_string();
            let changed = "nothing was altered";
            let refusal = Refusal { message: &message, changed, next, ..Refusal::default() };
            explain::refused(refusal, Exit::Failed, format)
        }
    }
}

fn text(inspection: &Inspection) {
    let line = |label: &str, text: &str| output::result(&format!("{label:12} {}", Escaped(text)));
    line("kind", &format!("{:?}", inspection.kind).to_lowercase());
    line("size", &format!("{} bytes", inspection.size_bytes));
    line("checksum", &inspection.component_checksum.to_string());
    if inspection.draft {
        line("draft", "yes: its alterations may still change");
    }
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
                text.push_str(&irreversible(manifest, alteration));
                line("alteration", &text);
                if let Some(description) = &alteration.description {
                    line("", &format!("  {description}"));
                }
                if !alteration.dialects.is_empty() {
                    let names = names(&alteration.dialects);
                    line("", &format!("  only for {names}; left out elsewhere"));
                }
                for SqlText { hook, dialects, size_bytes, .. } in
                    inspection.sql.iter().filter(|text| text.id == alteration.id)
                {
                    line("", &format!("  {hook} for {}: {size_bytes} bytes", names(dialects)));
                }
                for permission in &alteration.permissions {
                    line("", &format!("  permission {permission}"));
                }
                if let Some(names) = inspection.creates.get(&alteration.id) {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    line("", &format!("  makes {} (MySQL, MariaDB)", names.join(", ")));
                }
                for setting in &alteration.settings {
                    line("", &format!("  setting {setting}"));
                }
                if alteration.foreign_keys == ForeignKeys::Enforced {
                    line("", "  foreign keys are enforced on SQLite");
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
    let permissions: Vec<String> = inspection.permissions.iter().map(ToString::to_string).collect();
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

fn names<'a>(dialects: impl IntoIterator<Item = &'a Dialect>) -> String {
    dialects.into_iter().map(|dialect| dialect.as_str()).collect::<Vec<_>>().join(", ")
}

/// Says where an alteration has no way back.
fn irreversible(manifest: &Manifest, alteration: &Declaration) -> String {
    let is_in = |dialects: &BTreeSet<Dialect>, dialect: &Dialect| {
        dialects.is_empty() || dialects.contains(dialect)
    };
    let runs_on = Dialect::ALL.into_iter().filter(|dialect| {
        is_in(&manifest.dialects, dialect) && is_in(&alteration.dialects, dialect)
    });
    let (irreversible, reversible): (Vec<_>, Vec<_>) =
        runs_on.partition(|dialect| alteration.hooks(*dialect).irreversible);
    match (irreversible.is_empty(), reversible.is_empty()) {
        (true, _) => String::new(),
        (false, true) => " (irreversible)".to_owned(),
        (false, false) => format!(" (irreversible on {})", names(&irreversible)),
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
