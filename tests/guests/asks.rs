// What the guests ask an operator for. Included by the crate's build script and by the test harness. Not a
// module of anything.

/// Returns what the guest `name` declares, as fields of its alteration in the manifest.
fn asks_for(name: &str) -> &'static str {
    match name {
        "declared_entropy" | "prepares_with_entropy" => r#","permissions":["entropy"]"#,
        "declared_settings" => r#","settings":["REGION","big","mail.from"]"#,
        "prepares_with_setting" => r#","settings":["REGION"]"#,
        _ => "",
    }
}
