//! How many messages an attempt is: each is a round trip.

use super::*;

/// What an attempt sends beside its hook's own statements, and where.
#[tokio::test]
async fn an_attempt_is_two_messages_and_those_of_its_hook() {
    let (_database, mut connection) = claimed().await;
    end(&mut connection).await.expect("ends");
    for number in 2..5 {
        let before = connection.link.sent;
        let start = vec![
            Own::one_row("UPDATE @ledger SET revision = revision + 1", []),
            Own::run("INSERT INTO @state VALUES (?, 'begun')", [Cell::integer(number)]),
        ];
        let start = Start::entering(start, settings(HookMode::Transaction));
        connection.start(start).await.expect("enters");
        assert_eq!(connection.link.sent - before, 1, "the claim and a clean session");
        run(&mut connection, &format!("CREATE TABLE made_{number} (x integer)")).await;
        assert_eq!(connection.link.sent - before, 2, "the hook's own");
        let record = vec![
            Own::one_row("UPDATE @state SET status = 'done' WHERE id = ?", [Cell::integer(number)]),
            Own::new_row("INSERT INTO @state VALUES (?, 'next')", [Cell::integer(number * 100)]),
        ];
        let end = End::hook(record, Durability::Unflushed);
        connection.finish(end).await.expect("commits");
        assert_eq!(connection.link.sent - before, 3, "the checks, the record and the commit");
    }
}

#[tokio::test]
async fn a_record_without_a_hook_is_one_message() {
    let (_database, mut connection) = claimed().await;
    end(&mut connection).await.expect("ends");
    let before = connection.link.sent;
    let record = vec![
        Own::one_row("UPDATE @ledger SET revision = revision + 1", []),
        Own::run("UPDATE @state SET status = 'seen'", []),
    ];
    connection.apply(record, Durability::Flushed).await.expect("applies");
    assert_eq!(connection.link.sent - before, 1);
    let queries = vec![Own::rows("SELECT status FROM @state", []), Own::rows("SELECT 1", [])];
    let read = connection.read(queries).await.expect("reads");
    assert_eq!(connection.link.sent - before, 2);
    assert_eq!(read, [[vec![Cell::text("seen")]], [vec![Cell::Integer(Some(1))]]]);
}

/// A journaled hook is entered, and each of its segments begun, with the ledger's swap.
#[tokio::test]
async fn a_segment_begins_with_one_message() {
    let (_database, mut connection) = claimed().await;
    end(&mut connection).await.expect("ends");
    let claim = || vec![Own::one_row("UPDATE @ledger SET revision = revision + 1", [])];
    let before = connection.link.sent;
    let start = Start::entering(claim(), settings(HookMode::Journaled));
    connection.start(start).await.expect("enters");
    assert_eq!(connection.link.sent - before, 1);
    connection.finish(End::default()).await.expect("commits");
    let before = connection.link.sent;
    let start = Start { own: claim(), guest: Guest::GoesOn, isolation: None };
    connection.start(start).await.expect("goes on");
    assert_eq!(connection.link.sent - before, 1);
    connection.finish(End::default()).await.expect("commits");
    let before = connection.link.sent;
    connection.apply(claim(), Durability::Flushed).await.expect("records");
    assert_eq!(connection.link.sent - before, 1, "nothing of the hook's is to be checked");
}
