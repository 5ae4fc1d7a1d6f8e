//! How far the steps are, and how that is kept between two of them: as text, which a person who looks
//! into the runner's tables can read.

use alteration_sdk::{Context, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// All customers up to this id are done.
    pub(crate) last_id: i64,
    pub(crate) done: u64,
    /// How many there were at the first step.
    pub(crate) total: u64,
}

impl Position {
    /// Before the customer with the first id; there may be none.
    pub(crate) fn before(first_id: Option<i64>, total: u64) -> Self {
        Self { last_id: first_id.unwrap_or(0).saturating_sub(1), done: 0, total }
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        format!("{} {} {}", self.last_id, self.done, self.total).into_bytes()
    }

    pub(crate) fn from_bytes(state: &[u8]) -> Result<Self> {
        let text = str::from_utf8(state).context("the state of the step before")?;
        let mut numbers = text.split(' ');
        let mut next = || numbers.next().ok_or("the state of the step before is cut");
        Ok(Self { last_id: next()?.parse()?, done: next()?.parse()?, total: next()?.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back() {
        for position in [
            Position::before(None, 0),
            Position::before(Some(1), 1),
            Position { last_id: i64::MAX, done: u64::MAX, total: 1 },
            Position { last_id: -3, done: 5000, total: 1_000_000 },
        ] {
            assert_eq!(Position::from_bytes(&position.to_bytes()).unwrap(), position);
        }
        assert_eq!(Position { last_id: 7, done: 5, total: 9 }.to_bytes(), b"7 5 9");
    }

    #[test]
    fn any_other_state_is_an_error() {
        for state in [&b""[..], b"1", b"1 2", b"1 -2 3", b"a b c", b"\xff 1 2", b"1  2"] {
            assert!(Position::from_bytes(state).is_err(), "{state:?}");
        }
    }
}
