//! Writes the customers, and their orders where there is a table for them, in one transaction.

use crate::{
    order::{Order, orders},
    person::Person,
    random::Random,
};
use anyhow::{Context, ensure};
use jiff::{Timestamp, tz::TimeZone};
use sqlx::{
    AssertSqlSafe, Connection, Sqlite, SqliteConnection, SqliteTransaction, query::Query,
    sqlite::SqliteArguments,
};

const ROWS_A_STATEMENT: usize = 500;
/// 1 April 2019, when the shop opened. From then on somebody came about every three minutes.
const OPENED_AT: i64 = 1_554_076_800;
const SECONDS_A_CUSTOMER: u32 = 180;

/// Which sequence of random numbers a table takes.
#[derive(Debug, Clone, Copy)]
enum Table {
    Customers = 1,
    Orders = 2,
}

impl Table {
    fn random(self, seed: u64, row: u32) -> Random {
        Random::new(seed, self as u64, u64::from(row))
    }
}

/// Returns a line for each table filled.
pub(crate) async fn fill(
    connection: &mut SqliteConnection,
    rows: u32,
    seed: u64,
) -> anyhow::Result<Vec<String>> {
    let is_deployed = exists(connection, "customers").await?;
    ensure!(is_deployed, "there is no table customers: deploy acme/shop first");
    let with_orders = exists(connection, "orders").await?;
    let mut transaction = connection.begin().await?;
    let is_filled = any(&mut transaction).await?;
    ensure!(!is_filled, "there are customers already: start from a new database");
    let customers =
        customers(&mut transaction, rows, seed).await.context("nothing was written: customers")?;
    let mut lines = vec![format!("{customers} customers")];
    if with_orders {
        let orders = all_orders(&mut transaction, rows, seed);
        lines.push(format!("{} orders", orders.await.context("nothing was written: orders")?));
    }
    transaction.commit().await?;
    Ok(lines)
}

async fn exists(connection: &mut SqliteConnection, table: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = ?")
        .bind(table)
        .fetch_one(connection)
        .await
}

async fn any(transaction: &mut SqliteTransaction<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT * FROM customers)")
        .fetch_one(&mut **transaction)
        .await
}

async fn customers(
    transaction: &mut SqliteTransaction<'_>,
    rows: u32,
    seed: u64,
) -> sqlx::Result<usize> {
    let insert = Insert::new("customers (id, full_name, email, phone, address, created_at)", 6);
    let all = (1..=rows).map(|id| {
        let mut random = Table::Customers.random(seed, id);
        let person = Person::new(id, &mut random);
        (id, person, created_at(id, seed))
    });
    insert
        .all(transaction, all, |query, (id, person, created_at)| {
            query
                .bind(id)
                .bind(person.full_name)
                .bind(person.email)
                .bind(person.phone)
                .bind(person.address)
                .bind(timestamp(created_at))
        })
        .await
}

async fn all_orders(
    transaction: &mut SqliteTransaction<'_>,
    rows: u32,
    seed: u64,
) -> sqlx::Result<usize> {
    let insert = Insert::new("orders (customer_id, placed_at, total_cents, status)", 4);
    let all = (1..=rows).flat_map(|id| {
        let orders = orders(created_at(id, seed), &mut Table::Orders.random(seed, id));
        orders.into_iter().map(move |order| (id, order))
    });
    insert
        .all(transaction, all, |query, (id, Order { placed_at, total_cents, status })| {
            query.bind(id).bind(timestamp(placed_at)).bind(total_cents).bind(status)
        })
        .await
}

/// Seconds since 1970; never before the customer with the number below.
fn created_at(id: u32, seed: u64) -> i64 {
    // Not the sequence of the person, which would tie the time to the name.
    let late = Random::new(seed, 0, u64::from(id)).below(SECONDS_A_CUSTOMER);
    OPENED_AT + i64::from(id) * i64::from(SECONDS_A_CUSTOMER) + i64::from(late)
}

/// As SQLite's CURRENT_TIMESTAMP writes it.
fn timestamp(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).expect("within this century");
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

type Values<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Many rows a statement: one each would take several times as long.
struct Insert {
    into: &'static str,
    one: String,
}

impl Insert {
    fn new(into: &'static str, columns: usize) -> Self {
        Self { into, one: format!("({})", vec!["?"; columns].join(", ")) }
    }

    async fn all<T>(
        &self,
        transaction: &mut SqliteTransaction<'_>,
        rows: impl Iterator<Item = T>,
        bind: impl for<'q> Fn(Values<'q>, T) -> Values<'q>,
    ) -> sqlx::Result<usize> {
        let mut rows = rows.peekable();
        let mut inserted = 0;
        while rows.peek().is_some() {
            let batch: Vec<T> = rows.by_ref().take(ROWS_A_STATEMENT).collect();
            inserted += batch.len();
            let values = vec![self.one.as_str(); batch.len()].join(", ");
            let sql = format!("INSERT INTO {} VALUES {values}", self.into);
            let query = batch.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), &bind);
            query.execute(&mut **transaction).await?;
        }
        Ok(inserted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_come_one_after_the_other() {
        let times: Vec<i64> = (1..1000).map(|id| created_at(id, 1)).collect();
        assert!(times.is_sorted());
        assert_eq!(timestamp(OPENED_AT), "2019-04-01 00:00:00");
    }
}
