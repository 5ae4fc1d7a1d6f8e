//! Runs the story of the README from its first command to its last, with fewer customers.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

const CUSTOMERS: &str = env!("CARGO_BIN_EXE_customers");

/// The folder that cargo builds in.
fn target_folder() -> &'static Path {
    Path::new(CUSTOMERS).ancestors().nth(2).expect("the target folder")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn customers(folder: &Path, args: &[&str]) -> Output {
    Command::new(CUSTOMERS).args(args).current_dir(folder).output().expect("it starts")
}

/// Runs a story of this folder with so many customers, and looks for each line in what it shows.
fn story(script: &str, rows: &str, lines: &[&str]) {
    // Cargo names the binaries of a test's own package only; the runner's lies beside them.
    let runner = Path::new(CUSTOMERS).with_file_name("runner");
    assert!(runner.exists(), "{} is missing: build all with --workspace", runner.display());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let story = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
        .args(["--rows", rows, "--folder"])
        .arg(folder.path().join("story"))
        .env("RUNNER", runner)
        .env("CUSTOMERS", CUSTOMERS)
        .env("CARGO_TARGET_DIR", target_folder())
        .env("RUNNER_CACHE_DIR", target_folder().join("test-cache"))
        .stdin(Stdio::null())
        .output()
        .expect("bash is there");
    let stdout = text(&story.stdout);
    assert!(story.status.success(), "{stdout}\n{}", text(&story.stderr));
    for line in lines {
        assert!(stdout.contains(line), "no {line:?} in\n{stdout}");
    }
}

#[test]
fn the_story_ends_with_the_data_it_began_with() {
    let lines = [
        // The same customers on every machine.
        "43ce0d12b0b1d3c32e0233b092c6727a3094a65f731bdf4c7b0b37edc574d7a1  table customers, 5000 rows",
        "Found undeployed database alterations:",
        "Dry run: 5 alterations ran in ",
        "The data is what it was, after the dry run.",
        "Applied 5 alterations in ",
        "The data is what it was, after the rollback.",
    ];
    story("run", "5000", &lines);
}

#[test]
fn a_backfill_goes_on_where_it_was_suspended() {
    let lines = [
        "$ kill -TERM ",
        "The data is what a deploy in one go makes.",
        "The data is what it was, after the rollback.",
    ];
    story("backfill", "100000", &lines);
}

#[test]
fn there_have_to_be_tables() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("shop.db"), "").expect("a file");
    let run = customers(folder.path(), &["--database", "sqlite:shop.db"]);
    assert_eq!(run.status.code(), Some(1));
    assert_eq!(text(&run.stderr), "error: there is no table customers: deploy acme/shop first\n");
}

#[tokio::test]
async fn orders_are_made_where_there_is_a_table_for_them() {
    use sqlx::{Connection, SqliteConnection};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("shop.db").display());
    let mut shop = SqliteConnection::connect(&url).await.expect("a database");
    for schema in [
        include_str!("../../../plugins/acme/shop/sql/1.0.0-1735689600-create-customers.up.sql"),
        include_str!("../../../plugins/acme/shop/sql/1.1.0-1738368000-create-orders.up.sql"),
    ] {
        sqlx::raw_sql(schema).execute(&mut shop).await.expect("a table");
    }

    let fill = ["--database", "sqlite:shop.db", "--rows", "1000"];
    let filled = customers(folder.path(), &fill);
    assert_eq!(text(&filled.stderr), "");
    assert_eq!(text(&filled.stdout), "1000 customers\n1825 orders\n");
    let early: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM orders JOIN customers c ON c.id = customer_id WHERE placed_at < created_at",
    )
    .fetch_one(&mut shop)
    .await
    .expect("a number");
    assert_eq!(early, 0, "nobody orders before they are a customer");

    let again = customers(folder.path(), &fill);
    assert_eq!(
        text(&again.stderr),
        "error: there are customers already: start from a new database\n"
    );
}
