//! The pages of the files that authors and operators write, made from the schemas that editors use. Other tests hold
//! the schemas to the parsers.

use super::{page, prose, repository, sentence};
use serde_json::Value;
use std::{fmt::Write as _, fs};

#[test]
fn the_manifest_is_what_the_code_says() {
    let about = "The manifest `alteration.json` of a project in Rust, JavaScript, TypeScript or Python. A component carries the same, as \
    JSON in its custom section `runner:manifest`, without `$schema` and `release`.";
    one("manifest.md", "Manifest", about, "alteration.schema.json");
}

#[test]
fn runner_toml_is_what_the_code_says() {
    let about = "What an operator writes into `runner.toml`: it is read from the working directory, or from where `--config` says.";
    one("runner-toml.md", "runner.toml", about, "runner.schema.json");
}

#[test]
fn alteration_toml_is_what_the_code_says() {
    let about = "What an author writes into `alteration.toml`, beside the files of a folder of SQL. Without it, names of files say enough.";
    one("alteration-toml.md", "alteration.toml", about, "alteration-toml.schema.json");
}

fn one(name: &str, title: &str, about: &str, schema: &str) {
    let path = repository("runner/schemas").join(schema);
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut body = format!("{}\n", text(&schema, "description"));
    fields(&schema, &mut body);
    for (name, definition) in schema["definitions"].as_object().into_iter().flatten() {
        let _ = writeln!(body, "\n## {name}\n\n{}", meaning(definition));
        if definition["properties"].is_object() {
            fields(definition, &mut body);
        } else if let Some(of) = definition.get("additionalProperties").filter(|of| of.is_object())
        {
            let _ = writeln!(body, "\nEach value: {}", meaning(of));
        }
    }
    page(name, title, about, &body);
}

fn text(schema: &Value, field: &str) -> String {
    prose(schema[field].as_str().unwrap_or_default())
}

fn fields(schema: &Value, body: &mut String) {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let _ = writeln!(body, "\n| Field | Type | Meaning |\n|---|---|---|");
    nested(schema, &required, "", body);
}

/// Fields of fields are rows of the same table.
fn nested(schema: &Value, required: &[&str], prefix: &str, body: &mut String) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let needed = if required.contains(&name.as_str()) { ", required" } else { "" };
        let _ = writeln!(
            body,
            "| `{prefix}{name}` | {}{needed} | {} |",
            of_type(property),
            meaning(property)
        );
        nested(property, &[], &format!("{prefix}{name}."), body);
    }
}

/// The type of a value; a link where it has a definition of its own.
fn of_type(schema: &Value) -> String {
    let referred = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
    if let Some(name) = referred.and_then(|name| name.strip_prefix("#/definitions/")) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if !schema["const"].is_null() {
        return format!("`{}`", schema["const"]);
    }
    match schema["type"].as_str() {
        Some("array") => format!("array of {}", of_type(&schema["items"])),
        Some("object") => match schema.get("additionalProperties").filter(|of| of.is_object()) {
            Some(of) => {
                let by = of_type(&schema["propertyNames"]);
                format!("table of {} by {by}", of_type(of))
            }
            None => "table".to_owned(),
        },
        Some(other) => other.to_owned(),
        None => panic!("a schema without a type: {schema}"),
    }
}

/// Returns the meaning of a field, with its values, default, pattern and example.
fn meaning(schema: &Value) -> String {
    let mut said = sentence(&text(schema, "description"));
    let values = schema["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .chain(schema["items"]["enum"].as_array().into_iter().flatten());
    let values: Vec<String> = values.map(|value| format!("`{}`", plain(value))).collect();
    if !values.is_empty() {
        let _ = write!(said, " One of {}.", values.join(", "));
    }
    if !schema["default"].is_null() {
        let _ = write!(said, " Default: `{}`.", plain(&schema["default"]));
    }
    if let Some(example) = schema["examples"].as_array().and_then(|all| all.first()) {
        let _ = write!(said, " Example: `{}`.", plain(example));
    }
    said.trim().to_owned()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
