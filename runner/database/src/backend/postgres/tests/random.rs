//! Values by chance, the same ones each time, on all ways in and out.

use super::*;
use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

const ROWS: usize = 300;

fn below(chance: &mut ChaCha20Rng, bound: u32) -> usize {
    (chance.next_u32() % bound) as usize
}

fn row(chance: &mut ChaCha20Rng) -> Row {
    const PIECES: [&str; 16] = [
        "'",
        "\\",
        "\"",
        "$1",
        "$$",
        ";",
        "--",
        "/*",
        "*/",
        "\n",
        "\r\t",
        "\\N",
        "\\.",
        "é",
        "\u{1f600}",
        "x",
    ];
    let length = below(chance, 12);
    let words: String = (0..length).map(|_| PIECES[below(chance, 16)]).collect();
    let length = below(chance, 40);
    let bytes = (0..length).map(|_| chance.next_u32().to_be_bytes()[0]).collect();
    let integer = (chance.next_u64() >> below(chance, 64)).cast_signed();
    let integer = match integer.unsigned_abs() < 1 << 53 {
        true => Value::Int64(integer),
        false => Value::BigInteger(integer.to_string()),
    };
    let float = f64::from_bits(chance.next_u64());
    let float = if float.is_nan() { 0.0 } else { float };
    let small = f32::from_bits(chance.next_u32());
    let small = if small.is_nan() { "0".to_owned() } else { small.to_string() };
    let small = small.parse().expect("a float reads its own text");
    let digits: String = (0..=below(chance, 60))
        .map(|_| char::from(b'0' + chance.next_u32().to_be_bytes()[0] % 10))
        .collect();
    let decimal = format!("-1{digits}.{digits}");
    let micros = i64::from(chance.next_u32()) * 1_000_003;
    let moment = jiff::Timestamp::from_microsecond(micros).expect("in range").to_string();
    let row = vec![
        Value::Text(words),
        Value::Bytes(bytes),
        integer,
        Value::Float64(float),
        Value::Float64(small),
        Value::Decimal(decimal),
        Value::Timestamptz(moment),
    ];
    row.into_iter().map(|value| if below(chance, 8) == 0 { Value::Null } else { value }).collect()
}

#[tokio::test]
async fn values_by_chance() {
    let (_database, mut connection) = hook().await;
    let columns = "a text, b bytea, c bigint, d double precision, e real, f numeric, g timestamptz";
    for table in ["one", "many"] {
        let sql = format!("CREATE TABLE {table} (n serial, {columns})");
        run(&mut connection, &sql).await;
    }
    let mut chance = ChaCha20Rng::seed_from_u64(17);
    let expected: Vec<Row> = (0..ROWS).map(|_| row(&mut chance)).collect();
    let names: Vec<String> = "abcdefg".chars().map(String::from).collect();
    let writer = connection.open_writer("many", &names).await.expect("opens");
    connection.write(writer, expected.clone()).await.expect("writes");
    connection.finish_writer(writer).await.expect("finishes");
    let echo = "SELECT $1::text, $2::bytea, $3::bigint, $4::float8, $5::real, $6::numeric, $7::timestamptz";
    let insert = "INSERT INTO one (a, b, c, d, e, f, g) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    for row in &expected {
        connection.execute(insert, row.clone()).await.expect("inserts");
        let found = connection.query(echo, row.clone(), PLENTY).await.expect("reads");
        assert_eq!(&found.rows[0], row);
    }
    for table in ["one", "many"] {
        let sql = format!("SELECT a, b, c, d, e, f, g FROM {table} ORDER BY n");
        assert_eq!(rows(&mut connection, &sql).await, expected, "{table}");
    }
}
