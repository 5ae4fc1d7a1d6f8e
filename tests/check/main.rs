//! What an application hears from `alteration-check` is what `runner check` says, in every state of every database.
//!
//! Both look at the same database and the same files. The application's driver is sqlx 0.9 here, through its adapter;
//! applications with other drivers are in the folders beside this file (`peers.rs`).

use alteration_test_support as support;

mod peers;
mod states;

use alteration_check::{Answer, Check, Plugins, Queries};
use serde_json::Value;
use sqlx::Connection;
use std::fs;
use support::{
    Sandbox, block_on,
    servers::{Mariadb, Mysql, Postgres},
};

/// What both decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Deployed,
    Undeployed,
    NeedsDecision,
}

/// Reads the records as an application does.
fn read(sandbox: &Sandbox, schema: Option<&str>) -> Result<Queries, String> {
    let url = sandbox.url();
    block_on(async {
        let failed = |error: sqlx::Error| error.to_string();
        macro_rules! read {
            ($database:ty) => {{
                let connecting = <$database as sqlx::Database>::Connection::connect(&url);
                let mut connection = connecting.await.map_err(failed)?;
                let read = alteration_check::sqlx_0_9::read::<$database>(&mut connection, schema);
                let queries = read.await.map_err(|error| error.to_string());
                connection.close().await.map_err(failed)?;
                queries
            }};
        }
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => read!(sqlx::Sqlite),
            Some("postgres" | "postgresql") => read!(sqlx::Postgres),
            _ => read!(sqlx::MySql),
        }
    })
}

fn plugins(sandbox: &Sandbox) -> Plugins {
    Plugins::read([sandbox.path().join("plugins")]).expect("plugins")
}

/// Returns what `runner check` prints as JSON, with its exit code.
fn runner(sandbox: &Sandbox) -> (Value, Option<i32>) {
    let run = sandbox.runner(&["check", "plugins", "--format", "json"]);
    let document = serde_json::from_str(&run.stdout);
    (document.unwrap_or_else(|error| panic!("no JSON ({error}): {run:#?}")), run.code)
}

/// The steps and findings of a check, but for what only the runner reads: the SQL of components, and what took effect.
fn comparable(check: &Value) -> (Value, Vec<Value>) {
    let findings = check["findings"].as_array().expect("findings").iter();
    let findings = findings.filter(|finding| finding["kind"] != "not-resumable").cloned();
    let findings = findings.map(|mut finding| {
        finding.as_object_mut().expect("an object").remove("took_effect");
        finding
    });
    (check["undeployed"].clone(), findings.collect())
}

/// Holds both against each other; they have to agree on everything.
fn same(sandbox: &Sandbox, state: &str) -> Said {
    let queries = read(sandbox, None).unwrap_or_else(|error| panic!("{state}: {error}"));
    let check: Check = queries.check(&plugins(sandbox)).expect("all is answered");
    let (document, code) = runner(sandbox);
    let ours = serde_json::to_value(&check).expect("JSON");
    assert_eq!(comparable(&ours), comparable(&document), "{state} on {}", sandbox.url());
    let (said, codes) = match check.answer() {
        Answer::Deployed => (Said::Deployed, [Some(0), Some(0)]),
        Answer::Undeployed(_) => (Said::Undeployed, [Some(3), Some(3)]),
        // What cannot be run at all, and what a person decides.
        Answer::NeedsDecision(_) => (Said::NeedsDecision, [Some(1), Some(4)]),
    };
    assert!(codes.contains(&code), "{state}: {said:?}, and the runner ended with {code:?}");
    said
}

/// The application does not start, and `runner check` fails, whatever each says for a reason.
fn both_refuse(sandbox: &Sandbox, state: &str) {
    let queries = read(sandbox, None).unwrap_or_else(|error| panic!("{state}: {error}"));
    let answer = queries.answer(&plugins(sandbox)).expect("all is answered");
    assert!(answer.require_deployed().is_err(), "{state}");
    assert_ne!(runner(sandbox).1, Some(0), "{state}");
}

/// Both fail, with words of their own that have this in common.
fn both_fail(sandbox: &Sandbox, words: &str) {
    let error = read(sandbox, None).expect_err(words);
    assert!(error.contains(words), "{error}");
    let run = sandbox.runner(&["check", "plugins"]);
    // Messages are wrapped.
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(words) && run.code != Some(0), "{run:#?}");
}

fn emptied(sandbox: &Sandbox) {
    let folder = sandbox.path().join("plugins");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
}

#[test]
fn on_sqlite() {
    states::every(Sandbox::new);
}

#[test]
fn on_postgresql() {
    states::every(|| Sandbox::on(Postgres::shared().database()));
}

#[test]
fn on_mariadb() {
    states::every(|| Sandbox::on(Mariadb::shared().database()));
}

#[test]
fn on_mysql() {
    if let Some(server) = Mysql::shared() {
        states::every(|| Sandbox::on(server.database()));
    }
}
