//! Whether the text of a table differs from its former one by added columns only. Pure.

/// Returns whether `after` is `before` with one piece more, as ALTER TABLE … ADD COLUMN puts it in.
pub(super) fn is_addition(before: &str, after: &str) -> bool {
    let (before, after) = (before.as_bytes(), after.as_bytes());
    let same = |pair: &(&u8, &u8)| pair.0 == pair.1;
    let front = before.iter().zip(after).take_while(same).count();
    let back = before.iter().rev().zip(after.iter().rev()).take_while(same).count();
    let Some(added) = after.len().checked_sub(before.len()) else { return false };
    // The piece may begin as what follows it does.
    let first = before.len().saturating_sub(back);
    (first..=front).any(|at| after[at..at + added].first() == Some(&b','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_apart() {
        let table = [
            ("CREATE TABLE t (a, b)", "CREATE TABLE t (a, b, c INTEGER)", true),
            ("CREATE TABLE t (a, b)", "CREATE TABLE t (a, b, b2)", true),
            ("CREATE TABLE t (a, CHECK (a))", "CREATE TABLE t (a, x, CHECK (a))", true),
            ("CREATE TABLE t (a, b)", "CREATE TABLE t (a)", false),
            ("CREATE TABLE t (a, b)", "CREATE TABLE t (a, c)", false),
            ("CREATE TABLE t (a, b)", "CREATE TABLE t (a, bc)", false),
            ("CREATE TABLE t (a, b)", "CREATE TABLE \"t2\" (a, b)", false),
            ("CREATE TABLE t (a, b)", "CREATE TABLE t (c, b, d)", false),
        ];
        for (before, after, expected) in table {
            assert_eq!(is_addition(before, after), expected, "{after}");
        }
    }
}
