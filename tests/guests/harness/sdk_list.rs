//! One list of cases that every SDK has to pass, in Rust, JavaScript and Python.
//!
//! Each guest has a function for each case, found by the setting `case`: `tests/guests-rust`,
//! `tests/guests-js/cases`, `tests/guests-python/cases`. It notes what it sees in the table `seen`. The macro below makes
//! a test of each case for each SDK, so that a case that an SDK lacks fails there. Where the languages differ by nature,
//! the list says how.

use super::{section, support, support::Sandbox, support::servers::Postgres};
use std::{fs, path::Path};

const CASES: &str = "0.1.0-1690000000-cases";
const WITH_ENTROPY: &str = "0.2.0-1690000001-cases-with-entropy";

const TABLES: &str = "
    CREATE TABLE seen (what TEXT, value TEXT);
    CREATE TABLE mended (x INTEGER);
    CREATE TABLE written (id INTEGER PRIMARY KEY, label TEXT);
    CREATE TABLE items (id INTEGER PRIMARY KEY, label TEXT, size REAL);
    INSERT INTO items WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
        SELECT i, CASE WHEN i % 5 > 0 THEN 'n' || i END, i / 2.0 FROM n;";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sdk {
    Rust,
    JavaScript,
    Python,
}

/// One case in one SDK.
#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    sdk: Sdk,
    name: &'a str,
    /// The setting `argument`, which some cases ask for.
    argument: Option<&'a str>,
}

impl<'a> Case<'a> {
    fn given(self, argument: &'a str) -> Self {
        Self { argument: Some(argument), ..self }
    }

    /// Returns what differs between the languages.
    fn each<T>(self, rust: T, javascript: T, python: T) -> T {
        match self.sdk {
            Sdk::Rust => rust,
            Sdk::JavaScript => javascript,
            Sdk::Python => python,
        }
    }

    fn plugin(self) -> &'static str {
        self.each("tests/cases", "tests/cases", "python/guest")
    }

    fn has_entropy(self) -> bool {
        self.name.starts_with("entropy_") && !self.name.starts_with("entropy_undeclared")
    }

    /// A sandbox with the guest as its only plugin, and the tables of the cases.
    fn sandbox(self) -> Sandbox {
        let sandbox = Sandbox::guarded();
        self.install(&sandbox);
        sandbox.sql(TABLES);
        sandbox
    }

    fn install(self, sandbox: &Sandbox) {
        let component = match self.sdk {
            Sdk::Rust => of_module(&support::guest("cases")),
            // As it was built, so that what is compiled of it is found in the cache: it is large.
            Sdk::Python => {
                let module = support::guest("python");
                let manifest = fs::read(module.with_extension("json")).expect("a manifest");
                let component = fs::read(&module).expect("a component");
                section::append(&component, &manifest).expect("a component")
            }
            Sdk::JavaScript => {
                let component = fs::read(support::guest("values")).expect("a component");
                section::append(&component, manifest().as_bytes()).expect("a component")
            }
        };
        sandbox.write("plugins/guest.wasm", component);
    }

    fn deploy(self, sandbox: &Sandbox) -> support::Run {
        let plugin = self.plugin();
        let setting = if self.has_entropy() { "case.entropy" } else { "case" };
        let target = format!("{plugin}@0.2.0");
        let case = format!("{plugin}:{setting}={}", self.name);
        let argument = self.argument.map(|argument| format!("{plugin}:argument={argument}"));
        let mut args =
            vec!["deploy", "plugins", "--target", &target, "--grant", "entropy", "--set", &case];
        args.extend(argument.iter().flat_map(|argument| ["--set", argument]));
        let run = sandbox.runner(&args);
        assert!(!run.stderr.contains('\u{1b}'), "{self:?}: an escape came through: {}", run.stderr);
        run
    }

    /// Succeeds, and what it noted.
    fn seen(self) -> (Vec<(String, String)>, support::Run) {
        let sandbox = self.sandbox();
        let run = self.deploy(&sandbox);
        assert_eq!(run.code, Some(0), "{self:?}: {}", run.stderr);
        (noted(&sandbox), run)
    }

    /// Succeeds, and notes these.
    fn sees(self, expected: &[(&str, &str)]) {
        let (seen, _) = self.seen();
        let seen: Vec<_> = seen.iter().map(|(what, value)| (&**what, &**value)).collect();
        assert_eq!(seen, expected, "{self:?}");
    }

    /// Succeeds, and the operator reads these.
    fn says(self, words: &[&str]) {
        let (_, run) = self.seen();
        self.assert_said(&run, words);
    }

    /// Fails with these words, and leaves nothing.
    fn fails(self, words: &[&str]) {
        let sandbox = self.sandbox();
        let before = sandbox.dump();
        let run = self.deploy(&sandbox);
        assert_eq!(run.code, Some(1), "{self:?}: {run:#?}");
        self.assert_said(&run, words);
        assert!(sandbox.dump() == before, "{self:?} left something behind");
        assert!(!run.stderr.contains("there is no case"), "{self:?}: {}", run.stderr);
    }

    fn assert_said(self, run: &support::Run, words: &[&str]) {
        for word in words {
            assert!(run.stderr.contains(word), "{self:?}: no `{word}` in {}", run.stderr);
        }
    }

    /// Notes another `drawn` at each deployment, and these.
    fn draws(self, expected: &[(&str, &str)]) {
        let [(one, rest), (other, _)] = [(); 2].map(|()| {
            let mut seen = self.seen().0;
            (seen.remove(0), seen)
        });
        assert_eq!(one.0, "drawn");
        assert_ne!(one, other, "{self:?}: two databases got the same");
        let rest: Vec<_> = rest.iter().map(|(what, value)| (&**what, &**value)).collect();
        assert_eq!(rest, expected, "{self:?}");
    }
}

fn noted(sandbox: &Sandbox) -> Vec<(String, String)> {
    let rows = sandbox.rows("SELECT what || '\u{1f}' || value FROM seen");
    let parts = |row: &String| {
        let (what, value) = row.split_once('\u{1f}').expect("two parts");
        (what.to_owned(), value.to_owned())
    };
    rows.iter().map(parts).collect()
}

fn manifest() -> String {
    let (one, other) = ("1".repeat(64), "2".repeat(64));
    format!(
        r#"{{"manifest":1,"plugin":"tests/cases","alterations":[
            {{"id":"{CASES}","checksum":"{one}","settings":["argument","case"],"preparation":false,"backfill":false}},
            {{"id":"{WITH_ENTROPY}","checksum":"{other}","permissions":["entropy"],"settings":["case.entropy"],"preparation":false}}]}}"#
    )
}

/// The component of a core module.
fn of_module(module: &Path) -> Vec<u8> {
    let sandbox = Sandbox::guarded();
    sandbox.write("alteration.json", manifest());
    let module = module.display().to_string();
    sandbox.ok(&["pack", &module, "--manifest", "alteration.json", "--out", "out"]);
    let packed = fs::read_dir(sandbox.path().join("out")).expect("packed").next();
    fs::read(packed.expect("one component").expect("an entry").path()).expect("bytes")
}

/// A test of each case in each SDK.
macro_rules! list {
    ($($name:ident => $case:expr;)*) => {
        list!(@of rust, Sdk::Rust, $($name => $case;)*);
        list!(@of javascript, Sdk::JavaScript, $($name => $case;)*);
        list!(@of python, Sdk::Python, $($name => $case;)*);
    };
    (@of $module:ident, $sdk:expr, $($name:ident => $case:expr;)*) => {
        mod $module {
            use super::*;

            $(#[test]
            fn $name() {
                let run: fn(Case<'_>) = $case;
                run(Case { sdk: $sdk, name: stringify!($name), argument: None });
            })*
        }
    };
}

const KINDS: [&str; 8] = [
    "constraint",
    "serialization",
    "denied",
    "limit",
    "syntax",
    "conversion",
    "disconnected",
    "other",
];

list! {
    // Values. Each goes as a parameter, in a row and in a column, and comes back in a row and in a column.
    values => |it| {
        every_value(it, Sandbox::guarded());
        every_value(it, Sandbox::on(Postgres::shared().database()));
    };
    value_unpaired => |it| it.fails(it.each(
        // Rust's text is UTF-8: the half of a pair does not become one.
        &["invalid utf-8"],
        &["parameter 1: the text holds half a surrogate pair"],
        &["parameter 1: half of a surrogate pair"],
    ));
    value_rounded => |it| match it.sdk {
        // A number is an integer and may have been rounded; elsewhere the type says what is meant.
        Sdk::JavaScript => it.fails(&["parameter 1: 9007199254740992 is beyond"]),
        _ => it.sees(&[("sent as", "real")]),
    };
    value_nul => |it| {
        let sandbox = Sandbox::on(Postgres::shared().database());
        it.install(&sandbox);
        sandbox.sql(&tables_of_values(&sandbox));
        let run = it.deploy(&sandbox);
        assert_eq!(run.code, Some(1), "{it:?}: {run:#?}");
        it.assert_said(&run, &["(conversion)"]);
    };

    // Single statements.
    outcome => |it| it.sees(&[("insert", "1 7000"), ("update", "11")]);
    one_row => |it| it.sees(&[
        ("one", "n1"),
        ("none", "true"),
        ("one of none", "conversion: expected one row, found none"),
        ("one of two", "conversion: expected one row, found 2"),
        ("none or one of two", "conversion: expected one row, found 2"),
    ]);
    row_by_name => |it| it.sees(&[
        ("names", "id label"),
        ("by name", "n1"),
        ("no such column", it.each(
            "conversion: no column `nope` in the result",
            // A property that an object does not have is undefined.
            "accepted",
            "conversion: no column `nope` in the result; it has: id, label",
        )),
        ("two of a name", it.each(
            "conversion: two columns of the result are called `id`: rename one with AS",
            "conversion: two columns of the result are called `id`: rename one with AS",
            "conversion: two columns are named `id`; name them apart with AS",
        )),
    ]);
    script => |it| it.sees(&[("rows", "2")]);
    names => |it| it.sees(&[("dialect", "sqlite"), ("placeholder", "?"), ("quoted", "\"a\"\"b`c\"")]);
    logs => |it| it.says(&[
        "info: an info line",
        "warn: a warn line",
        "error: an error line",
        it.each("half a pair: \u{fffd}", "half a pair: \u{fffd}", "half a pair: \\ud800"),
        "an escape: \\u{1b}[31m",
    ]);

    // Errors.
    error_fields => |it| {
        let table = [
            ("INSERT INTO items (id) VALUES (1)", "constraint, no sqlstate, items.id, false"),
            ("COMMIT", "denied, no sqlstate, no constraint, false"),
            ("SELECT zeroblob(900000000)", "limit, no sqlstate, no constraint, false"),
            ("SELEC 1", "syntax, no sqlstate, no constraint, false"),
            ("SELECT 1; SELECT 2", "syntax, no sqlstate, no constraint, false"),
            ("SELECT ?", "conversion, no sqlstate, no constraint, false"),
            ("SELECT x FROM missing", "other, no sqlstate, no constraint, false"),
        ];
        for (sql, told) in table {
            let kind = told.split(',').next().expect("a kind");
            // What is of no other kind is shown without one.
            let shown = if kind == "other" { String::new() } else { format!("({kind})") };
            it.given(sql).fails(&[&format!("caught {told}"), &shown]);
        }
    };
    error_caught => |it| it.fails(&["went on after a failed statement"]);
    // The operator reads what it says; a kind of the guest's own choice is not shown.
    error_of_kind => |it| for kind in KINDS {
        it.given(kind).fails(&[&format!("the hook returned an error: made of {kind}")]);
    };
    error_own => |it| it.fails(&[
        "the hook returned an error: the accounts do not balance",
        // An error of Rust's is a value, without a place.
        it.each("", "at error_own (", "File \"cases/errors.py\", line "),
    ]);
    error_with_cause => |it| it.fails(it.each(
        &["the hook returned an error: customer 17: invalid digit found in string"],
        &["the hook returned an error: customer 17", "caused by SyntaxError"],
        &["the hook returned an error: customer 17", "ValueError", "direct cause"],
    ));
    error_bug => |it| it.fails(it.each(
        // A panic ends the component; its message and place are in the log.
        &["trapped", "index out of bounds", "errors.rs:"],
        &["returned an error: TypeError", "at error_bug ("],
        &["returned an error: IndexError", "File \"cases/errors.py\", line "],
    ));
    error_odd_text => |it| it.fails(&[
        it.each("half a pair: \u{fffd}", "half a pair: \u{fffd}", "half a pair: \\ud800"),
        "an escape: \\u{1b}[31m",
    ]);

    // Cursors.
    cursor_rows => |it| it.sees(&[("sum", "3126250"), ("nulls", "500")]);
    cursor_batches => |it| it.sees(&[("lengths", "1000 1000 500"), ("sum", "3126250"), ("nulls", "500")]);
    cursor_columns => |it| it.sees(&[("columns", "id:INTEGER label:TEXT one:")]);
    cursor_of_nothing => |it| it.sees(&[("rows", "0"), ("batches", "0")]);
    cursor_ended => |it| it.sees(&[("rows after the end", "0")]);
    cursor_forgotten => |it| it.sees(&[("first", "1")]);
    cursor_closed => |it| match it.sdk {
        // The engine drops no resource: a cursor is open until its hook ends.
        Sdk::JavaScript => it.fails(&["(limit)", "open cursors"]),
        _ => it.sees(&[("opened", "2000")]),
    };
    cursor_many => |it| it.fails(&["(limit)", "open cursors"]);
    cursor_while_writing => |it| it.sees(&[("read", "2500")]);
    cursor_no_such_column => |it| it.sees(&[
        ("by name", it.each(
            "conversion: no column `nope` in the result",
            "conversion: no column nope in the batch; it has id, label, size",
            "conversion: no column `nope` in the result; it has: id, label, size",
        )),
        ("by position", it.each(
            "conversion: no column 3: the batch has 3",
            "conversion: no column 3 in the batch; it has id, label, size",
            // As of a list.
            "IndexError: list index out of range",
        )),
    ]);
    cursor_no_rows_a_batch => |it| it.sees(&[("0 rows", it.each(
        "conversion: a batch of 0 rows: `rows_max` is 1 or more",
        "conversion: batches() takes a number of rows, not 0",
        "conversion: rows_max is a whole number from 1 on, not 0",
    ))]);
    cursor_wrong_statement => |it| it.fails(&["(syntax)", "SELEC"]);
    // In Rust alone a row has types.
    cursor_wrong_type => |it| it.sees(&[("text", it.each(
        "conversion: column `label`: expected an integer, found text",
        "n2",
        "n2",
    ))]);

    // Bulk writers.
    writer_rows => |it| it.sees(&[("finished", "2500"), ("written", "2500 1250 3126250")]);
    writer_columns => |it| it.sees(&[("finished", "2500"), ("written", "2500 1250 3126250")]);
    writer_both => |it| it.sees(&[("finished", "4"), ("written", "4 3 10")]);
    writer_of_nothing => |it| it.sees(&[("finished", "0"), ("written", "0 0 0")]);
    writer_unfinished => |it| it.fails(&["left 1 bulk-writers unfinished"]);
    // In Rust the writer is gone when it is finished, so that it is one that is not.
    writer_forgotten_row => |it| it.fails(&[it.each(
        "left 1 bulk-writers unfinished",
        "the bulk-writer is finished",
        "the bulk-writer is finished",
    )]);
    writer_wrong_width => |it| it.sees(&[
        ("narrow", it.each(
            "conversion: row 2 has 1 values; the writer has 2 columns",
            "conversion: row 2 has 1 values; the writer has 2 columns",
            "conversion: the writer has 2 columns (id, label), 1 values were given",
        )),
        ("wide", it.each(
            "conversion: row 2 has 3 values; the writer has 2 columns",
            "conversion: row 2 has 3 values; the writer has 2 columns",
            "conversion: the writer has 2 columns (id, label), 3 values were given",
        )),
        ("finished", "1"),
        ("written", "1 1 1"),
    ]);
    writer_wrong_columns => |it| it.sees(&[
        ("one of two", it.each(
            "conversion: 1 columns were given; the writer has 2",
            "conversion: writeColumns() takes an array of 2 arrays, one for each column of the writer",
            "conversion: the writer has 2 columns (id, label), 1 were given",
        )),
        ("finished", "0"),
        ("written", "0 0 0"),
    ]);
    writer_ragged => |it| it.sees(&[
        ("2 and 1", it.each(
            "conversion: columns differ in length: 2 and 1",
            "conversion: columns differ in length: 2, 1",
            "conversion: columns differ in length: 2, 1",
        )),
        ("finished", "0"),
        ("written", "0 0 0"),
    ]);
    writer_unknown_column => |it| it.fails(&["no column named nope"]);
    writer_violation => |it| it.fails(&["(constraint)", "written.id"]);

    // Settings.
    setting_given => |it| {
        it.sees(&[("length", "null"), ("argument", "null")]);
        it.given("").sees(&[("length", "0"), ("argument", "")]);
        it.given("Köln 🌍=\n").sees(&[("length", "8"), ("argument", "Köln 🌍=\n")]);
        let longest = "x".repeat(65_536);
        it.given(&longest).sees(&[("length", "65536"), ("argument", &longest[..20])]);
    };
    setting_undeclared => |it| {
        it.fails(&["asked for the setting `MORE`, which its manifest does not declare"]);
    };

    // Chance and time.
    entropy_undeclared => |it| it.fails(&["`entropy`", it.each(UNDECLARED, UNDECLARED, PERMISSIONS)]);
    entropy_undeclared_time => |it| it.fails(&["`entropy`", it.each(UNDECLARED, UNDECLARED, PERMISSIONS)]);
    entropy_undeclared_built_in => |it| it.fails(&[it.each(NO_CLOCK, UNDECLARED, PERMISSIONS)]);
    entropy_declared => |it| it.draws(&[
        ("differs", "true"),
        ("none", "0"),
        ("stands still", "true"),
        ("is today", "true"),
    ]);
    entropy_built_in => |it| match it.sdk {
        // What the target has not cannot be put in place.
        Sdk::Rust => it.fails(&["trapped", NO_CLOCK]),
        _ => it.draws(&[("one clock", "true")]),
    };
    // Run again, a step is given the same.
    entropy_replayed => |it| {
        let sandbox = it.sandbox();
        let drawn = [(); 2].map(|()| {
            let run = it.deploy(&sandbox);
            assert_eq!(run.code, Some(1), "{it:?}: {run:#?}");
            it.assert_said(&run, &["not mended"]);
            let (_, line) = run.stderr.split_once("info: drawn ").expect(&run.stderr);
            line.split_once(".\n").expect(line).0.to_owned()
        });
        assert_eq!(drawn[0], drawn[1], "{it:?}");
        assert_eq!(noted(&sandbox), [], "{it:?}");
        sandbox.sql("INSERT INTO mended VALUES (1)");
        let run = it.deploy(&sandbox);
        assert_eq!(run.code, Some(0), "{it:?}: {run:#?}");
        assert_eq!(noted(&sandbox), [("drawn".to_owned(), drawn[0].clone())], "{it:?}");
    };
}

const UNDECLARED: &str = "which its manifest does not declare";
// The SDK says it itself, with what to write where.
const PERMISSIONS: &str = "\"permissions\": [\"entropy\"]";
const NO_CLOCK: &str = "time not implemented on this platform";

/// In the place of what a database says of a value that it cannot keep.
const NOT_KEPT: &str = "-";

/// Name; what the database says it keeps, SQLite and PostgreSQL; what comes back, in Rust, JavaScript and Python.
type Kept = (&'static str, [&'static str; 2], [&'static str; 3]);

#[rustfmt::skip]
const VALUES: &[Kept] = &[
    ("null", ["null", "null"], ["null", "null", "None"]),
    ("true", ["1", "true"], ["boolean true", "boolean true", "bool True"]),
    ("false", ["0", "false"], ["boolean false", "boolean false", "bool False"]),
    ("zero", ["0", "0"], ["int64 0", "number 0", "int 0"]),
    ("2^53-1", ["9007199254740991", "9007199254740991"], ["int64 9007199254740991", "number 9007199254740991", "int 9007199254740991"]),
    ("2^53", ["9007199254740992", "9007199254740992"], ["big-integer 9007199254740992", "bigint 9007199254740992", "int 9007199254740992"]),
    ("-2^53-1", ["-9007199254740993", "-9007199254740993"], ["big-integer -9007199254740993", "bigint -9007199254740993", "int -9007199254740993"]),
    ("2^63-1", ["9223372036854775807", "9223372036854775807"], ["big-integer 9223372036854775807", "bigint 9223372036854775807", "int 9223372036854775807"]),
    ("-2^63", ["-9223372036854775808", "-9223372036854775808"], ["big-integer -9223372036854775808", "bigint -9223372036854775808", "int -9223372036854775808"]),
    // What a column is decides what comes back; a decimal is text in JavaScript, which has none.
    ("10^30", [NOT_KEPT, "1000000000000000000000000000000"], ["decimal 1000000000000000000000000000000", "string \"1000000000000000000000000000000\"", "Decimal Decimal('1000000000000000000000000000000')"]),
    ("0.1", ["0.1", "0.1"], ["float64 0.1", "number 0.1", "float 0.1"]),
    ("-1e300", ["-1.0e+300", "-1e+300"], ["float64 -1e300", "number -1e+300", "float -1e+300"]),
    ("whole float", ["1.0", "1"], ["float64 1.0", "number 1", "float 1.0"]),
    ("infinity", ["9.0e+999", "Infinity"], ["float64 inf", "number Infinity", "float inf"]),
    ("decimal", ["12345.25", "12345.25"], ["decimal 12345.25", "string \"12345.25\"", "Decimal Decimal('12345.25')"]),
    ("long decimal", [NOT_KEPT, "-12345678901234567890.1234567891"], ["decimal -12345678901234567890.1234567891", "string \"-12345678901234567890.1234567891\"", "Decimal Decimal('-12345678901234567890.1234567891')"]),
    ("empty text", ["X''", ""], ["text \"\"", "string \"\"", "str ''"]),
    ("text", ["X'C3BCE282ACF09F988027225C0A'", "ü€😀'\"\\\n"], [r#"text "ü€😀'\"\\\n""#, r#"string "ü€😀'\"\\\n""#, r#"str 'ü€😀\'"\\\n'"#]),
    ("text with NUL", ["X'610062'", NOT_KEPT], ["text \"a\\0b\"", "string \"a\\u0000b\"", "str 'a\\x00b'"]),
    ("no bytes", ["X''", "\\x"], ["bytes []", "Uint8Array ", "bytes b''"]),
    ("bytes", ["X'00FF80'", "\\x00ff80"], ["bytes [0, 255, 128]", "Uint8Array 0,255,128", "bytes b'\\x00\\xff\\x80'"]),
    // Dates and times are text in JavaScript.
    ("date", ["'2024-02-29'", "2024-02-29"], ["date 2024-02-29", "string \"2024-02-29\"", "date datetime.date(2024, 2, 29)"]),
    ("endless date", [NOT_KEPT, "infinity"], ["date infinity", "string \"infinity\"", "Date Date(text='infinity')"]),
    ("time", ["'12:34:56.789'", "12:34:56.789"], ["time 12:34:56.789", "string \"12:34:56.789\"", "time datetime.time(12, 34, 56, 789000)"]),
    ("timestamp", ["'2024-02-29T23:59:59.123456'", "2024-02-29 23:59:59.123456"], ["timestamp 2024-02-29T23:59:59.123456", "string \"2024-02-29T23:59:59.123456\"", "datetime datetime.datetime(2024, 2, 29, 23, 59, 59, 123456)"]),
    ("timestamptz", ["'2024-02-29T23:59:59.123Z'", "2024-02-29 23:59:59.123+00"], ["timestamptz 2024-02-29T23:59:59.123Z", "string \"2024-02-29T23:59:59.123Z\"", "datetime datetime.datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=datetime.timezone.utc)"]),
    ("uuid", ["'6f1a2e9c-9c1f-4a8a-b1d5-3c6a8f6f0b11'", "6f1a2e9c-9c1f-4a8a-b1d5-3c6a8f6f0b11"], ["uuid 6f1a2e9c-9c1f-4a8a-b1d5-3c6a8f6f0b11", "string \"6f1a2e9c-9c1f-4a8a-b1d5-3c6a8f6f0b11\"", "UUID UUID('6f1a2e9c-9c1f-4a8a-b1d5-3c6a8f6f0b11')"]),
    ("json", ["'{\"a\":[1,null,\"ü\"]}'", "{\"a\":[1,null,\"ü\"]}"], [r#"json {"a":[1,null,"ü"]}"#, r#"string "{\"a\":[1,null,\"ü\"]}""#, r#"Json Json(text='{"a":[1,null,"ü"]}')"#]),
    // SQLite has no such type, and gives back its text.
    ("other", ["'::1'", NOT_KEPT], ["text \"::1\"", "string \"::1\"", "str '::1'"]),
    ("other", [NOT_KEPT, "::1/128"], ["other inet ::1", "string \"::1\"", "Other Other(type_name='inet', text='::1')"]),
];

fn tables_of_values(sandbox: &Sandbox) -> String {
    let is_postgresql = sandbox.url().starts_with("postgres");
    let types = match is_postgresql {
        true => [
            "boolean",
            "bigint",
            "numeric",
            "double precision",
            "text",
            "bytea",
            "date",
            "time",
            "timestamp",
            "timestamptz",
            "uuid",
            "json",
            "inet",
        ],
        false => [
            "BOOLEAN",
            "BIGINT",
            "DECIMAL",
            "DOUBLE",
            "TEXT",
            "BLOB",
            "DATE",
            "TIME",
            "TIMESTAMP",
            "TIMESTAMPTZ",
            "UUID",
            "JSON",
            "INET",
        ],
    };
    let columns: Vec<_> =
        COLUMNS.iter().zip(types).map(|(name, of)| format!("{name} {of}")).collect();
    let table = |way: &str| {
        format!("CREATE TABLE kept_{way} (name VARCHAR(40) PRIMARY KEY, {});", columns.join(", "))
    };
    ["parameter", "rows", "columns"].map(table).concat()
        + "CREATE TABLE seen (what TEXT, value TEXT);"
}

const COLUMNS: [&str; 13] = [
    "flag", "whole", "exact", "real", "words", "raw", "day", "clock", "moment", "instant", "uid",
    "doc", "address",
];

fn every_value(it: Case<'_>, sandbox: Sandbox) {
    it.install(&sandbox);
    sandbox.sql(&tables_of_values(&sandbox));
    let run = it.deploy(&sandbox);
    assert_eq!(run.code, Some(0), "{it:?}: {}", run.stderr);
    let is_postgresql = sandbox.url().starts_with("postgres");
    let text = |name: &&str| match is_postgresql {
        true => format!("{name}::text"),
        // Text ends at a NUL for `quote`.
        false if *name == "words" => format!("quote(CAST({name} AS BLOB))"),
        false => format!("quote({name})"),
    };
    let texts: Vec<_> = COLUMNS
        .iter()
        .map(|name| format!("CASE WHEN {name} IS NOT NULL THEN {} END", text(name)))
        .collect();
    let rows = |way: &str| {
        let sql = format!(
            "SELECT name || ': ' || coalesce({}, 'null') FROM kept_{way} ORDER BY name",
            texts.join(", ")
        );
        sandbox.rows(&sql)
    };
    let kept = rows("parameter");
    assert_eq!(rows("rows"), kept, "{it:?}: a row is not as a parameter");
    assert_eq!(rows("columns"), kept, "{it:?}: a column is not as a parameter");
    let here = |kept: &&Kept| kept.1[usize::from(is_postgresql)] != NOT_KEPT;
    let line = |name: &str, text: &str| format!("{name}: {text}");
    // Python writes six digits of a fraction; SQLite keeps the text that it was given.
    let as_written = |text: &str| match it.sdk {
        Sdk::Python if !is_postgresql => {
            text.replace("56.789'", "56.789000'").replace("59.123Z'", "59.123000Z'")
        }
        _ => text.to_owned(),
    };
    let mut stored: Vec<_> = VALUES
        .iter()
        .filter(here)
        .map(|kept| line(kept.0, &as_written(kept.1[usize::from(is_postgresql)])))
        .collect();
    stored.sort();
    let mut found = kept;
    found.sort();
    assert_eq!(found, stored, "{it:?}: what is kept");
    let read: Vec<_> = noted(&sandbox).iter().map(|(what, value)| line(what, value)).collect();
    let expected: Vec<_> =
        VALUES.iter().filter(here).map(|kept| line(kept.0, kept.2[it.each(0, 1, 2)])).collect();
    assert_eq!(read, expected, "{it:?}: what comes back");
}
