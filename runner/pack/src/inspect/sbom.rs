//! Lists of the packages in a component: what `cargo auditable` leaves behind, CycloneDX and SPDX.
//!
//! The first is a section that its tool fixed (`.dep-v0`, compressed JSON); the others are looked for
//! in a section `sbom`, for want of a convention. Only names and versions are read.

use serde::{Deserialize, Serialize};

const AUDITABLE: &str = ".dep-v0";
const DOCUMENT: &str = "sbom";
/// The sections that [`read`] understands.
pub(super) const NAMES: [&str; 2] = [AUDITABLE, DOCUMENT];
/// A document of a thousand packages is some hundred KiB.
const DOCUMENT_BYTES_MAX: usize = 4 << 20;
const PACKAGES_MAX: usize = 10_000;

/// The packages that one section names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sbom {
    /// The section's name.
    pub section: &'static str,
    /// As in `CycloneDX 1.5`, or `unknown`.
    pub format: String,
    /// The packages.
    pub packages: Vec<Package>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// The package's name.
    pub name: String,
    /// Empty where there is none.
    pub version: String,
}

/// Any of the three formats: no field of one means something else in another.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    bom_format: Option<String>,
    spec_version: Option<String>,
    spdx_version: Option<String>,
    packages: Vec<Entry>,
    components: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    #[serde(default, alias = "versionInfo")]
    version: String,
}

/// Reads a section, one of [`NAMES`]. One that cannot be read is there all the same, and empty.
pub(super) fn read(section: &'static str, data: &[u8]) -> Sbom {
    let json = match section {
        AUDITABLE => {
            miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(data, DOCUMENT_BYTES_MAX).ok()
        }
        _ => (data.len() <= DOCUMENT_BYTES_MAX).then(|| data.to_owned()),
    };
    let document = json.and_then(|json| serde_json::from_slice::<Document>(&json).ok());
    let format = match (section, &document) {
        (_, None) => "unknown".to_owned(),
        (AUDITABLE, _) => "cargo auditable".to_owned(),
        (_, Some(document)) => document.format(),
    };
    let document = document.unwrap_or_default();
    let entries = document.packages.into_iter().chain(document.components);
    let package = |entry: Entry| Package { name: entry.name, version: entry.version };
    Sbom { section, format, packages: entries.take(PACKAGES_MAX).map(package).collect() }
}

impl Document {
    fn format(&self) -> String {
        match (&self.bom_format, &self.spec_version, &self.spdx_version) {
            (Some(name), Some(version), _) => format!("{name} {version}"),
            (Some(name), None, _) => name.clone(),
            (None, _, Some(version)) => version.clone(),
            (None, _, None) => "unknown".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::compress_to_vec_zlib;

    fn summary(section: &'static str, data: &[u8]) -> (String, Vec<String>) {
        let sbom = read(section, data);
        let packages = sbom.packages.iter().map(|p| format!("{} {}", p.name, p.version));
        (sbom.format, packages.collect())
    }

    #[test]
    fn formats() {
        let auditable = br#"{"packages":[{"name":"a","version":"1.0.0","source":"registry","root":true}],"format":1}"#;
        let table: [(&'static str, Vec<u8>, &str, &[&str]); 6] = [
            (AUDITABLE, compress_to_vec_zlib(auditable, 6), "cargo auditable", &["a 1.0.0"]),
            (AUDITABLE, auditable.to_vec(), "unknown", &[]),
            (
                DOCUMENT,
                br#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"library","name":"b","version":"2"},{"name":"c"}]}"#.to_vec(),
                "CycloneDX 1.5",
                &["b 2", "c "],
            ),
            (
                DOCUMENT,
                br#"{"spdxVersion":"SPDX-2.3","packages":[{"name":"d","versionInfo":"3"}]}"#.to_vec(),
                "SPDX-2.3",
                &["d 3"],
            ),
            (DOCUMENT, b"{}".to_vec(), "unknown", &[]),
            (DOCUMENT, b"\xff".to_vec(), "unknown", &[]),
        ];
        for (section, data, format, packages) in table {
            let expected = (format.to_owned(), packages.iter().map(|&p| p.to_owned()).collect());
            assert_eq!(summary(section, &data), expected);
        }
    }

    #[test]
    fn what_would_unpack_to_much_is_not_unpacked() {
        let mut json = br#"{"packages":[]"#.to_vec();
        json.resize(DOCUMENT_BYTES_MAX, b' ');
        json.push(b'}');
        let bomb = compress_to_vec_zlib(&json, 6);
        assert!(bomb.len() < 20_000);
        assert_eq!(read(AUDITABLE, &bomb).format, "unknown");
        json.remove(json.len() - 2);
        let bytes = compress_to_vec_zlib(&json, 6);
        assert_eq!(read(AUDITABLE, &bytes).format, "cargo auditable");
    }

    #[test]
    fn packages_without_number_are_cut() {
        let packages = vec![r#"{"name":"a"}"#; PACKAGES_MAX + 1].join(",");
        let json = format!(r#"{{"packages":[{packages}]}}"#);
        assert_eq!(read(DOCUMENT, json.as_bytes()).packages.len(), PACKAGES_MAX);
    }
}
