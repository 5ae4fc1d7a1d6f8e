//! Writes the manifest: one alteration for each guest of the list, its checksum that of the guest's source.

use sha2::{Digest, Sha256};
use std::{env, error::Error, fs, path::Path};

include!("list.rs");

macro_rules! names {
    ($($name:ident,)*) => { &[$(stringify!($name)),*] };
}

const FIRST_STAMP: usize = 1_700_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let names: &[&str] = for_each_guest!(names);
    let mut alterations = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let source = format!("src/{name}.rs");
        println!("cargo::rerun-if-changed={source}");
        let checksum = Sha256::digest(fs::read(&source)?);
        let permissions = match *name {
            "declared_entropy" => r#","permissions":["entropy"]"#,
            _ => "",
        };
        alterations.push(format!(
            r#"{{"id":"1.0.0-{}-{}","checksum":"{checksum:x}"{permissions}}}"#,
            FIRST_STAMP + index,
            name.replace('_', "-"),
        ));
    }
    println!("cargo::rerun-if-changed=list.rs");
    let manifest = format!(
        r#"{{"manifest":1,"plugin":"hostile/guests","alterations":[{}]}}"#,
        alterations.join(",")
    );
    fs::write(Path::new(&env::var("OUT_DIR")?).join("manifest.json"), manifest)?;
    Ok(())
}
