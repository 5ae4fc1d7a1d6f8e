//! The rows of one table in bounded memory: as they are while they are few, then their hashes, then
//! a sum of these alone. Pure.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// What a value costs beside its text, and what a hash does.
const VALUE_BYTES: usize = 24;
const HASH_BYTES: usize = 40;
/// Rows that are shown of those that are missing, and of those that were added.
pub(super) const SHOWN_MAX: usize = 5;

/// The rows of one table, each as often as it is there.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) columns: Vec<String>,
    pub(super) count: u64,
    sum: u128,
    pub(super) kept: Kept,
}

#[derive(Debug)]
pub(super) enum Kept {
    Rows(BTreeMap<Vec<String>, u64>),
    Hashes(HashMap<u128, u64>),
    Nothing,
}

impl Rows {
    pub(super) fn of(columns: Vec<String>) -> Self {
        Self { columns, count: 0, sum: 0, kept: Kept::Rows(BTreeMap::new()) }
    }

    /// `room` is what may still be kept, in bytes.
    pub(super) fn add(&mut self, row: Vec<String>, room: &mut usize) {
        let hash = hash(&row);
        self.count += 1;
        self.sum = self.sum.wrapping_add(hash);
        if let Kept::Rows(rows) = &mut self.kept {
            if let Some(left) = room.checked_sub(cost(&row)) {
                *room = left;
                *rows.entry(row).or_default() += 1;
                return;
            }
            let mut hashes = HashMap::new();
            for (row, count) in std::mem::take(rows) {
                *room += usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(cost(&row));
                *hashes.entry(self::hash(&row)).or_default() += count;
            }
            self.kept = match room.checked_sub(hashes.len() * HASH_BYTES) {
                Some(left) => {
                    *room = left;
                    Kept::Hashes(hashes)
                }
                None => Kept::Nothing,
            };
        }
        let Kept::Hashes(hashes) = &mut self.kept else { return };
        if let Some(count) = hashes.get_mut(&hash) {
            *count += 1;
        } else if let Some(left) = room.checked_sub(HASH_BYTES) {
            *room = left;
            hashes.insert(hash, 1);
        } else {
            *room += hashes.len() * HASH_BYTES;
            self.kept = Kept::Nothing;
        }
    }

    pub(super) fn is_like(&self, other: &Self) -> bool {
        (&self.columns, self.count, self.sum) == (&other.columns, other.count, other.sum)
    }
}

/// What is found of rows that were not there before, when only hashes of those were kept.
#[derive(Debug)]
pub(super) struct Search {
    /// Rows from before that were not seen yet.
    left: HashMap<u128, u64>,
    pub(super) added: u64,
    pub(super) shown: Vec<Vec<String>>,
}

impl Search {
    pub(super) fn of(before: &Rows) -> Option<Self> {
        let left = match &before.kept {
            Kept::Rows(rows) => rows.iter().map(|(row, count)| (hash(row), *count)).collect(),
            Kept::Hashes(hashes) => hashes.clone(),
            Kept::Nothing => return None,
        };
        Some(Self { left, added: 0, shown: Vec::new() })
    }

    pub(super) fn see(&mut self, row: Vec<String>) {
        match self.left.get_mut(&hash(&row)) {
            Some(count @ 1..) => *count -= 1,
            _ => {
                self.added += 1;
                if self.shown.len() < SHOWN_MAX {
                    self.shown.push(row);
                }
            }
        }
    }

    pub(super) fn missing(&self) -> u64 {
        self.left.values().sum()
    }
}

fn cost(row: &[String]) -> usize {
    row.iter().map(|value| value.len() + VALUE_BYTES).sum()
}

/// Half of a SHA-256: nobody finds two rows with the same.
fn hash(row: &[String]) -> u128 {
    let mut hash = Sha256::new();
    for value in row {
        hash.update((value.len() as u64).to_le_bytes());
        hash.update(value);
    }
    let hash: [u8; 32] = hash.finalize().into();
    let (half, _) = hash.split_at(16);
    half.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn rows(texts: &[&[&str]], mut room: usize) -> Rows {
        let mut rows = Rows::of(row(&["a", "b"]));
        texts.iter().for_each(|texts| rows.add(row(texts), &mut room));
        rows
    }

    #[test]
    fn rows_are_compared_in_no_order_and_as_often_as_they_are_there() {
        let one = rows(&[&["1", "2"], &["3", "4"], &["1", "2"]], 1_000);
        assert!(one.is_like(&rows(&[&["3", "4"], &["1", "2"], &["1", "2"]], 0)));
        for other in [
            &[&["1", "2"][..], &["3", "4"], &["3", "4"]][..],
            &[&["1", "2"], &["3", "4"]],
            &[&["12", ""], &["3", "4"], &["1", "2"]],
        ] {
            assert!(!one.is_like(&rows(other, 1_000)), "{other:?}");
        }
    }

    #[test]
    fn less_is_kept_of_more() {
        let texts: &[&[&str]] = &[&["1", "2"], &["3", "4"], &["3", "4"]];
        assert!(matches!(rows(texts, 150).kept, Kept::Rows(_)));
        assert!(matches!(rows(texts, 149).kept, Kept::Hashes(_)));
        assert!(matches!(rows(texts, 80).kept, Kept::Hashes(_)));
        assert!(matches!(rows(texts, 79).kept, Kept::Nothing));
    }

    #[test]
    fn what_was_added_is_found_among_hashes_and_among_rows() {
        for room in [1_000, 149] {
            let before = rows(&[&["1", "2"], &["3", "4"], &["3", "4"]], room);
            let mut search = Search::of(&before).expect("something was kept");
            for now in [&["3", "4"][..], &["5", "6"], &["1", "2"], &["1", "2"]] {
                search.see(row(now));
            }
            assert_eq!((search.added, search.missing()), (2, 1));
            assert_eq!(search.shown, [row(&["5", "6"]), row(&["1", "2"])]);
        }
    }
}
