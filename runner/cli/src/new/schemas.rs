//! Holds the JSON schemas for editors (`runner/schemas`) and the parsers of the same files together.
//!
//! Twice: the fields that a parser names are the schema's properties, both ways; and documents, good and bad, are
//! judged alike. The evaluator here knows the keywords that the schemas use, and fails at any other.

use alteration_deploy::config::Config;
use alteration_pack::{manifest_file, settings};
use regex_lite::Regex;
use serde_json::Value;
use std::{collections::BTreeSet, fs};

const ALTERATION: &str = include_str!("../../schemas/alteration.schema.json");
const ALTERATION_TOML: &str = include_str!("../../schemas/alteration-toml.schema.json");
const RUNNER: &str = include_str!("../../schemas/runner.schema.json");

struct Subject {
    schema: &'static str,
    /// `Ok` for a document that is good.
    parse: fn(&str) -> Result<(), String>,
    /// A TOML document as what the schema judges; JSON stays as it is.
    read: fn(&str) -> Value,
}

const SUBJECTS: [Subject; 3] = [
    Subject { schema: ALTERATION, parse: alteration, read: json },
    Subject { schema: ALTERATION_TOML, parse: alteration_toml, read: toml },
    Subject { schema: RUNNER, parse: runner, read: toml },
];

fn alteration(text: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alteration.json");
    fs::write(&path, text).unwrap();
    let read = manifest_file::read(&path);
    read.map(drop).map_err(|error| error.to_string())
}

fn alteration_toml(text: &str) -> Result<(), String> {
    settings::parse(text).map(drop)
}

fn runner(text: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runner.toml");
    fs::write(&path, text).unwrap();
    // Whatever the mask of whoever runs the tests.
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&path, private).unwrap();
    Config::read(&path).map(drop).map_err(|error| error.to_string())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn toml(text: &str) -> Value {
    toml::from_str(text).unwrap()
}

/// Returns whether `value` is as `schema` says.
fn accepts(root: &Value, schema: &Value, value: &Value) -> bool {
    let keywords = schema.as_object().expect("a schema is an object");
    keywords.iter().all(|(keyword, says)| match keyword.as_str() {
        "$schema" | "title" | "description" | "default" | "examples" | "definitions" => true,
        "$ref" => accepts(root, referred(root, says), value),
        "allOf" => says.as_array().unwrap().iter().all(|all| accepts(root, all, value)),
        "type" => is_of_type(says.as_str().unwrap(), value),
        "const" => says == value,
        "enum" => says.as_array().unwrap().contains(value),
        "pattern" => {
            let pattern = Regex::new(says.as_str().unwrap()).unwrap();
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "minLength" => {
            value.as_str().is_none_or(|text| text.chars().count() as u64 >= says.as_u64().unwrap())
        }
        "maxLength" => {
            value.as_str().is_none_or(|text| text.chars().count() as u64 <= says.as_u64().unwrap())
        }
        "minimum" => value.as_i64().is_none_or(|number| number >= says.as_i64().unwrap()),
        "maximum" => value.as_i64().is_none_or(|number| number <= says.as_i64().unwrap()),
        "minItems" => {
            value.as_array().is_none_or(|items| items.len() as u64 >= says.as_u64().unwrap())
        }
        "items" => value.as_array().is_none_or(|all| all.iter().all(|v| accepts(root, says, v))),
        "required" => value.as_object().is_none_or(|object| {
            says.as_array().unwrap().iter().all(|name| object.contains_key(name.as_str().unwrap()))
        }),
        "properties" => value.as_object().is_none_or(|object| {
            says.as_object().unwrap().iter().all(|(name, property)| {
                object.get(name).is_none_or(|value| accepts(root, property, value))
            })
        }),
        "propertyNames" => value.as_object().is_none_or(|object| {
            object.keys().all(|name| accepts(root, says, &Value::String(name.clone())))
        }),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            let known = keywords.get("properties").and_then(Value::as_object);
            object.iter().all(|(name, value)| {
                known.is_some_and(|known| known.contains_key(name))
                    || says.as_bool().unwrap_or_else(|| accepts(root, says, value))
            })
        }),
        _ => panic!("this evaluator does not know `{keyword}`: teach it, or do without"),
    })
}

fn referred<'a>(root: &'a Value, reference: &Value) -> &'a Value {
    let name = reference.as_str().unwrap().strip_prefix("#/definitions/").unwrap();
    root["definitions"].get(name).unwrap_or_else(|| panic!("no definition {name}"))
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => panic!("this evaluator does not know the type `{name}`"),
    }
}

/// The fields that the parser has where `text` holds the field `nonsense`: it names them all.
fn fields(parse: fn(&str) -> Result<(), String>, text: &str) -> BTreeSet<String> {
    let error = parse(text).unwrap_err();
    let (_, expected) = error.split_once("unknown field `nonsense`, expected ").expect(&error);
    let line = expected.lines().next().unwrap();
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn properties(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_fields_are_those_of_the_parsers() {
    let [alteration, alteration_toml, runner] = &SUBJECTS;
    let at_the_top = r#"{"manifest":1,"nonsense":1}"#;
    let of_one = r#"{"manifest":1,"alterations":[{"nonsense":1}]}"#;
    let in_toml = "[alterations.1-x]\nnonsense = 1";
    let table: [(&Subject, &str, &str); 6] = [
        (alteration, "", at_the_top),
        (alteration, "/definitions/alteration", of_one),
        (alteration_toml, "", "nonsense = 1"),
        (alteration_toml, "/definitions/alteration", in_toml),
        (runner, "", "nonsense = 1"),
        (runner, "/definitions/pluginConfig", "[plugins.'a/b']\nnonsense = 1"),
    ];
    for (subject, pointer, text) in table {
        let schema = json(subject.schema);
        let expected = fields(subject.parse, text);
        let found = properties(schema.pointer(pointer).unwrap());
        assert_eq!(found, expected, "{} {pointer}", schema["title"]);
    }
}

/// How a document is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    Bad,
    /// By the parser alone: it compares what stands in several places.
    BadForTheParser,
}
use Verdict::{Bad, BadForTheParser, Good};

fn judged(subject: &Subject, table: &[(Verdict, &str)]) {
    let schema = json(subject.schema);
    for &(verdict, text) in table {
        let accepted = accepts(&schema, &schema, &(subject.read)(text));
        let parsed = (subject.parse)(text);
        assert_eq!(accepted, verdict != Bad, "the schema of {text}");
        let is_good = verdict != Bad && verdict != BadForTheParser;
        assert_eq!(parsed.is_ok(), is_good, "{text}: {parsed:?}");
    }
}

/// A manifest with `fields` beside those that it needs, and one alteration with `declared`.
fn manifest(fields: &str, declared: &str) -> String {
    format!(
        r#"{{"manifest":1,"plugin":"acme/shop","alterations":[{{"id":"1.0.0-17-x"{declared}}}]{fields}}}"#
    )
}

#[test]
fn alteration_json() {
    let sum = "0a".repeat(32);
    let two = format!(
        r#"{{"manifest":1,"plugin":"a/b","alterations":[{{"id":"1-x","checksum":"{sum}"}},{{"id":"2-x","checksum":"{sum}"}}]}}"#
    );
    let of_id =
        |id: &str| format!(r#"{{"manifest":1,"plugin":"a/b","alterations":[{{"id":"{id}"}}]}}"#);
    let top = |fields: &str| manifest(&format!(",{fields}"), "");
    let one = |declared: &str| manifest("", &format!(",{declared}"));
    let documents = [
        (Good, manifest("", "")),
        (Good, two.clone()),
        (Good, top(r#""$schema":".schema/alteration.json""#)),
        (Good, top(r#""release":"1.3.0""#)),
        (Bad, top(r#""release":"1.3""#)),
        (Good, top(r#""replaces":"old/shop""#)),
        (Bad, top(r#""replaces":"shop""#)),
        (Good, top(r#""requires":{"acme/core":">=1.2.0, <3","a/d":"*","a/e":"^1.x"}"#)),
        (Bad, top(r#""requires":{"core":"1"}"#)),
        (Bad, top(r#""requires":{"acme/core":"newest"}"#)),
        (Bad, top(r#""requires":["acme/core"]"#)),
        (BadForTheParser, top(r#""requires":{"acme/shop":"1"}"#)),
        (Good, top(r#""dialects":["sqlite","postgresql","mysql","mariadb"]"#)),
        (Bad, top(r#""dialects":["oracle"]"#)),
        (Bad, top(r#""version":"1.0.0""#)),
        (
            Good,
            one(r#""description":"why","irreversible":true,"preparation":false,"backfill":false"#),
        ),
        (Bad, one(&format!(r#""description":"{}""#, "x".repeat(501)))),
        (Bad, one(r#""irreversible":"yes""#)),
        (Good, one(r#""permissions":["entropy"],"settings":["REGION","mail.from"]"#)),
        (Good, one(r#""permissions":["reads acme/shop:orders","alters app:Order Lines"]"#)),
        (Good, one(r#""permissions":["leaves code on app:a","drops acme/shop:b"]"#)),
        (Bad, one(r#""permissions":["leaves code app:a"]"#)),
        (Good, one(r#""permissions":["references app:billing.a","extension btree_gist"]"#)),
        (Good, one(r#""creates":["shop_orders","Order Lines"]"#)),
        (Good, one(r#""creates":[]"#)),
        (Bad, one(r#""creates":["shop.orders"]"#)),
        (Bad, one(r#""creates":[" orders"]"#)),
        (Bad, one(r#""creates":[""]"#)),
        (Bad, one(r#""creates":"orders""#)),
        (Bad, one(r#""permissions":["reads orders"]"#)),
        (Bad, one(r#""permissions":["reads app: a"]"#)),
        (Bad, one(r#""permissions":["extension A"]"#)),
        (Bad, one(r#""permissions":{"reads":["app:a"]}"#)),
        (Bad, one(r#""permissions":["root"]"#)),
        (Bad, one(r#""settings":["a b"]"#)),
        (Bad, one(r#""settings":{"CI":"1"}"#)),
        (Good, one(r#""lock_timeout_ms":1,"statement_timeout_ms":4294967295"#)),
        (Bad, one(r#""lock_timeout_ms":0"#)),
        (Good, one(r#""foreign_keys":"enforced""#)),
        (Good, one(r#""foreign_keys":"checked""#)),
        (Bad, one(r#""foreign_keys":"on""#)),
        (Bad, one(r#""lock_timeout_ms":"1s""#)),
        (Bad, one(r#""statement_timeout_ms":4294967296"#)),
        (Bad, one(r#""sql":"SELECT 1""#)),
        (Bad, one(r#""checksum":"0A""#)),
        (BadForTheParser, one(&format!(r#""checksum":"{sum}""#))),
        (Bad, r#"{"manifest":2,"plugin":"a/b","alterations":[{"id":"1-x"}]}"#.to_owned()),
        (Bad, r#"{"plugin":"a/b","alterations":[{"id":"1-x"}]}"#.to_owned()),
        (Bad, r#"{"manifest":1,"alterations":[{"id":"1-x"}]}"#.to_owned()),
        (Bad, r#"{"manifest":1,"plugin":"a/b","alterations":[]}"#.to_owned()),
        (Bad, r#"{"manifest":1,"plugin":"Acme/b","alterations":[{"id":"1-x"}]}"#.to_owned()),
        (Bad, "[]".to_owned()),
        (BadForTheParser, two.replace("2-x", "1-x")),
        (Good, of_id("1.4.0-1718000000-add-invoices")),
        (Good, of_id("1.0.0_beta.10-1676190092.5-x")),
        (Good, of_id("1.0.0-beta.10-1676190092-x")),
        (Good, of_id("1.0.0+build.5-1676190092-x")),
        (Good, of_id("next-1718000000-x")),
        (Good, of_id("20240131120000-create-users")),
        (Good, of_id("0001-x-2-y")),
        (Bad, of_id("")),
        (Bad, of_id("x")),
        (Bad, of_id("1.4.0-x")),
        (Bad, of_id("1.4.0-1718000000")),
        (Bad, of_id("1.4.0-1718000000-")),
        (Bad, of_id("1.4-1718000000-x")),
        (Bad, of_id("01.4.0-1718000000-x")),
        (Bad, of_id("a b-1-x")),
        (Bad, of_id("-1-x")),
        (Bad, of_id(&format!("1-{}", "x".repeat(199)))),
    ];
    let documents: Vec<_> = documents.iter().map(|(verdict, text)| (*verdict, &**text)).collect();
    judged(&SUBJECTS[0], &documents);
}

#[test]
fn alteration_toml_of_a_folder() {
    judged(
        &SUBJECTS[1],
        &[
            (Good, ""),
            (Good, "plugin = 'acme/shop'\ndialects = ['sqlite', 'mariadb']"),
            (Good, "'$schema' = '.schema/alteration.json'\nrelease = '1.3.0'"),
            (Good, "replaces = 'old/shop'"),
            (Good, "[requires]\n'acme/core' = '>=1.2'"),
            (
                Good,
                "[alterations.'1.0.0-17-x']\ndescription = 'why'\npermissions = ['entropy']\ncreates = ['a', 'b c']\n\
             requires = { 'acme/core' = '>=2' }\nlock_timeout_ms = 500\nstatement_timeout_ms = 60_000\n\
             foreign_keys = 'enforced'",
            ),
            (
                Good,
                "[permissions]\nentropy = true\nreads = ['acme/core:users']\nreferences = ['app:a.b']\n\
             alters = ['app:c']\nleaves_code_on = ['app:d']\ndrops = ['app:e']\nextensions = ['citext']",
            ),
            (Bad, "[permissions]\nreads = 'acme/core:users'"),
            (Bad, "[permissions]\nreads = ['users']"),
            (Bad, "[permissions]\nwrites = ['app:users']"),
            (Bad, "[permissions]\nextensions = ['plpython3u;']"),
            (Bad, "permissions = ['entropy']"),
            (Bad, "plugin = 'shop'"),
            (Bad, "release = 'soon'"),
            (Bad, "replaces = ['old/shop']"),
            (Bad, "version = '1'"),
            (Bad, "dialects = ['oracle']"),
            (Bad, "[requires]\n'a/c' = 'newest'"),
            (Bad, "[alterations.x]"),
            (Bad, "[alterations.1-x]\nirreversible = true"),
            (Bad, "lock_timeout_ms = 1"),
            (Bad, "foreign_keys = 'enforced'"),
            (Bad, "[alterations.1-x]\nforeign_keys = true"),
            (Bad, "[alterations.1-x]\nlock_timeout_ms = 0"),
            (Bad, "[alterations.1-x]\nstatement_timeout_ms = '1s'"),
            (Bad, "[alterations.1-x]\nlock_timeout_ms = 4294967296"),
            (Bad, "[[alterations]]\nid = '1-x'"),
        ],
    );
}

#[test]
fn runner_toml() {
    let long = format!("[plugins.'a/b'.settings]\nC = '{}'", "x".repeat(65_537));
    judged(
        &SUBJECTS[2],
        &[
            (Good, ""),
            (Good, "state_schema = 'runner'"),
            (
                Good,
                "[plugins.'acme/shop']\ngrant = ['entropy']\ntrusted = true\n\
             [plugins.'acme/shop'.settings]\nREGION = 'eu'\n'mail.from' = ''",
            ),
            (Good, "[test]\nsqlite = 'sqlite:x.db'\npostgresql = 'postgres://127.0.0.1/x'"),
            (Good, "[test]\nmysql = 'mysql://127.0.0.1/x'\nmariadb = 'mariadb://127.0.0.1/x'"),
            (Bad, "[test]\noracle = 'oracle://127.0.0.1/x'"),
            (Bad, "[test]\nsqlite = 1"),
            (Bad, "grants = 1"),
            (Bad, "state_schema = 1"),
            (Bad, "[plugins.shop]"),
            (Bad, "[plugins.'a/b']\nC = 'x'"),
            (Good, "[plugins.'a/b']\ngrant = ['reads acme/shop:orders', 'extension hstore']"),
            (Bad, "[plugins.'a/b']\ngrant = ['reads orders']"),
            (Bad, "[plugins.'a/b']\ngrant = ['root']"),
            (Bad, "[plugins.'a/b']\ngrant = 'entropy'"),
            (Bad, "[plugins.'a/b']\ntrusted = 'yes'"),
            (Bad, "[plugins.'a/b'.settings]\nC = 42"),
            (Bad, "[plugins.'a/b'.settings]\n1C = 'x'"),
            (Bad, &long),
        ],
    );
}

#[test]
fn everything_is_described() {
    fn walk(schema: &Value, at: &str) {
        let object = schema.as_object().unwrap();
        let is_told = object.contains_key("$ref")
            || object.get("description").is_some_and(|text| text.as_str().unwrap().ends_with('.'));
        assert!(is_told, "{at} has no description");
        for keyword in ["properties", "definitions"] {
            for (name, inner) in
                object.get(keyword).and_then(Value::as_object).into_iter().flatten()
            {
                walk(inner, &format!("{at}/{keyword}/{name}"));
            }
        }
        for keyword in ["items", "additionalProperties"] {
            if let Some(inner) = object.get(keyword).filter(|inner| inner.is_object()) {
                walk(inner, &format!("{at}/{keyword}"));
            }
        }
    }
    for subject in SUBJECTS {
        walk(&json(subject.schema), "");
    }
}

/// What plugins and examples here have, read by their own verbs in other tests.
#[test]
fn the_files_of_this_repository_are_good() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let [alteration, alteration_toml, runner] = &SUBJECTS;
    let files = [
        (alteration, "plugins/acme/lookup/alteration.json"),
        (alteration, "plugins/globex/directory/alteration.json"),
        (alteration, "plugins/initech/insights/alteration.json"),
        (alteration, "tests/guests-js/alteration.json"),
        (alteration, "tests/guests-python/alteration.json"),
        (alteration_toml, "plugins/acme/shop/sql/alteration.toml"),
        (runner, "examples/logto/runner.toml"),
    ];
    for (subject, file) in files {
        let schema = json(subject.schema);
        let text = fs::read_to_string(root.join(file)).unwrap();
        assert!(accepts(&schema, &schema, &(subject.read)(&text)), "{file}");
    }
}
