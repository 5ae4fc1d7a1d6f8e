//! `manifest!`: places the manifest's JSON into the component.
//!
//! Does not look into the JSON; `runner pack` and `runner inspect` validate it.

/// Embeds a manifest; once in a crate.
///
/// The path is relative to the crate's `Cargo.toml`. A file that the build script writes is named
/// with the variable of its folder: `manifest!("manifest.json", in "OUT_DIR")`.
///
/// The JSON becomes a custom section of the compiled module, where `runner pack` finds it.
///
/// ```text
/// alteration_sdk::manifest!("alteration.json");
/// ```
#[macro_export]
macro_rules! manifest {
    ($path:literal $(,)?) => {
        $crate::manifest!($path, in "CARGO_MANIFEST_DIR");
    };
    ($path:literal, in $folder:literal) => {
        const _: () = {
            // The linker drops a section whose symbol nobody uses, and joins what is in one of the
            // same name.
            #[cfg_attr(target_family = "wasm", unsafe(link_section = "runner:manifest"))]
            #[used]
            static MANIFEST: [u8; include_bytes!(concat!(env!($folder), "/", $path)).len()] =
                *include_bytes!(concat!(env!($folder), "/", $path));
        };
    };
}
