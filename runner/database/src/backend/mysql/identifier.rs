//! Names as MySQL and MariaDB quote them, whatever `sql_mode` says.

pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_are_doubled() {
        assert_eq!(quote("a`b"), "`a``b`");
    }
}
