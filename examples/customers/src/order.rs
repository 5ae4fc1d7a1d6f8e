//! The orders of one customer: most have a few, many have none, some have many.

use crate::random::Random;

#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) placed_at: i64,
    pub(crate) total_cents: i64,
    pub(crate) status: &'static str,
}

/// Orders of a customer who came at `since`, oldest first.
pub(crate) fn orders(since: i64, random: &mut Random) -> Vec<Order> {
    const SECONDS_BETWEEN_MAX: u32 = 90 * 86_400;
    let count = match random.below(100) {
        0..35 => 0,
        35..65 => 1,
        65..95 => 2 + random.below(4),
        _ => 6 + random.below(20),
    };
    let mut placed_at = since;
    (0..count)
        .map(|_| {
            placed_at += 60 + i64::from(random.below(SECONDS_BETWEEN_MAX));
            let total_cents = i64::from(100 + random.below(5_000) + random.below(20_000));
            let status = if random.per_mille(60) { "cancelled" } else { "placed" };
            Order { placed_at, total_cents, status }
        })
        .collect()
}
