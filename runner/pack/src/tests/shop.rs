//! The reference plugin in SQL: its components are those of its sources, and its SQL does what it says.

use super::super::{PackOptions, pack};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn shop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/acme/shop")
}

/// To write them anew: `runner pack plugins/acme/shop/sql --out plugins/acme/shop`.
#[test]
fn the_components_are_those_of_the_sources() {
    let packed = pack(&shop().join("sql"), &PackOptions::default()).unwrap();
    let expected: BTreeMap<_, _> = packed.into_iter().map(|p| (p.file_name, p.bytes)).collect();
    let committed: BTreeMap<_, _> = fs::read_dir(shop())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&committed), names(&expected));
    for (name, bytes) in &expected {
        assert!(committed[name] == *bytes, "{name} is not what its sources give");
    }
}

struct Database(SqliteConnection);

impl Database {
    async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.0).await.unwrap();
    }

    async fn file(&mut self, name: &str) {
        self.run(&fs::read_to_string(shop().join("sql").join(name)).unwrap()).await;
    }

    async fn text(&mut self, sql: &'static str) -> String {
        let row: (Option<String>,) = sqlx::query_as(sql).fetch_one(&mut self.0).await.unwrap();
        row.0.unwrap_or_default()
    }
}

#[tokio::test]
async fn up_and_down_and_up_again() {
    let mut database = Database(SqliteConnection::connect("sqlite::memory:").await.unwrap());
    let ids = [
        "1.0.0-1735689600-create-customers",
        "1.1.0-1738368000-create-orders",
        "1.1.0-1740787200-add-loyalty",
        "1.2.0-1743465600-create-invoices",
    ];
    for id in &ids[..2] {
        database.file(&format!("{id}.up.sql")).await;
    }
    database
        .run(
            "INSERT INTO customers (id, full_name, created_at) VALUES (1, 'Ada', '2025-01-01'), (2, 'Bo', '2025-01-01');
            INSERT INTO orders VALUES (1, 1, '2025-02-01', 1250, 'placed'),
                (2, 1, '2025-02-02', 800, 'placed'), (3, 1, '2025-02-02', 900, 'cancelled');",
        )
        .await;
    for id in &ids[2..] {
        database.file(&format!("{id}.up.sql")).await;
    }
    let points = "SELECT group_concat(loyalty_points) FROM (SELECT * FROM customers ORDER BY id)";
    assert_eq!(database.text(points).await, "20,0");

    let statuses = "SELECT group_concat(status) FROM (SELECT * FROM orders ORDER BY id)";
    database.run("INSERT INTO invoices VALUES (1, 1, '2025-03-01', 1250)").await;
    assert_eq!(database.text(statuses).await, "invoiced,placed,cancelled");
    database.file(&format!("{}.down.sql", ids[3])).await;
    assert_eq!(database.text(statuses).await, "placed,placed,cancelled");

    for id in ids[..3].iter().rev() {
        database.file(&format!("{id}.down.sql")).await;
    }
    let left = "SELECT group_concat(name) FROM sqlite_schema";
    assert_eq!(database.text(left).await, "");
    for id in ids {
        database.file(&format!("{id}.up.sql")).await;
    }
    assert!(database.text(left).await.contains("invoices_issue"));
}
