//! Writes the manifest: one alteration for each guest of the component's list, its checksum that of
//! the guest's source.

use sha2::{Digest, Sha256};
use std::{env, error::Error, fs, path::Path};

include!("list.rs");
include!("asks.rs");

macro_rules! names {
    ($($name:ident,)*) => { &[$(stringify!($name)),*] };
}

/// The folder of a component's guests, the stamp of the first, and their names.
type List = (&'static str, usize, &'static [&'static str]);

const GUESTS: List = ("src", 1_700_000_000, for_each_guest!(names));
const PREPARATIONS: List = ("src/preparation", 1_710_000_000, for_each_preparation!(names));
const BACKFILLS: List = ("src/backfill", 1_720_000_000, for_each_backfill!(names));

fn main() -> Result<(), Box<dyn Error>> {
    let has = |feature: &str| env::var_os(feature).is_some();
    let (folder, first_stamp, names) = match () {
        () if has("CARGO_FEATURE_PREPARATION") => PREPARATIONS,
        () if has("CARGO_FEATURE_BACKFILL") => BACKFILLS,
        () => GUESTS,
    };
    let mut alterations = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let source = format!("{folder}/{name}.rs");
        println!("cargo::rerun-if-changed={source}");
        let checksum = Sha256::digest(fs::read(&source)?);
        let asks = asks_for(name);
        alterations.push(format!(
            r#"{{"id":"1.0.0-{}-{}","checksum":"{checksum:x}"{asks}}}"#,
            first_stamp + index,
            name.replace('_', "-"),
        ));
    }
    println!("cargo::rerun-if-changed=list.rs");
    println!("cargo::rerun-if-changed=asks.rs");
    let manifest = format!(
        r#"{{"manifest":1,"plugin":"hostile/guests","alterations":[{}]}}"#,
        alterations.join(",")
    );
    fs::write(Path::new(&env::var("OUT_DIR")?).join("manifest.json"), manifest)?;
    Ok(())
}
