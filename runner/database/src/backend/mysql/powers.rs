//! Reads what this user may do on the server beyond its databases from SHOW GRANTS. A user needs no right to see its own grants.
//!
//! A role counts with all of its rights, active or not, because the user can activate it with SET ROLE.

use super::{MysqlConnection, error, value::own_text};
use crate::{
    alteration::Dialect,
    backend::{
        BackendError,
        identifier::in_backticks as quote,
        powers::{Power, Reach, owner_name},
    },
};
use std::collections::BTreeSet;

/// MySQL's own limit is the smaller one.
const NAME_BYTES_MAX: usize = 32;
/// The database in which accounts, rights and plugins are.
const SYSTEM: &str = "mysql";
/// Rights with which rows or definitions in that database change.
const WRITES: [&str; 7] =
    ["ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER"];
/// Rights on the whole server that reach beyond databases. A right to make a program run as another account (a definer, a
/// replayed event) includes that account's rights.
const GLOBAL: [(&str, Reach); 16] = [
    ("ALL PRIVILEGES", Reach::Files),
    ("SUPER", Reach::Files),
    ("FILE", Reach::Files),
    ("SYSTEM_VARIABLES_ADMIN", Reach::Files),
    ("SYSTEM_USER", Reach::Accounts),
    ("CREATE USER", Reach::Accounts),
    ("GRANT OPTION", Reach::Accounts),
    ("ROLE_ADMIN", Reach::Accounts),
    ("SET_ANY_DEFINER", Reach::Accounts),
    ("SET_USER_ID", Reach::Accounts),
    ("SET USER", Reach::Accounts),
    ("BINLOG_ADMIN", Reach::Accounts),
    ("BINLOG REPLAY", Reach::Accounts),
    ("REPLICATION_APPLIER", Reach::Accounts),
    ("REPLICATION_SLAVE_ADMIN", Reach::Accounts),
    ("REPLICATION SLAVE ADMIN", Reach::Accounts),
];

/// One line of SHOW GRANTS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Rights, in capitals and without columns, on databases that fit a pattern, or on a table in one.
    Rights {
        is_revoked: bool,
        rights: Vec<String>,
        /// `None` is the whole server.
        database: Option<String>,
        is_table: bool,
    },
    /// Roles, as they are written there.
    Roles(Vec<String>),
}

impl MysqlConnection {
    /// Reads the grants of all `roles` of which the user is a member.
    pub(super) async fn granted_by(
        &mut self,
        roles: &BTreeSet<String>,
    ) -> Result<Vec<Line>, BackendError> {
        if self.server.dialect != Dialect::Mariadb {
            let roles = roles.iter().cloned().collect::<Vec<_>>().join(", ");
            return self.granted(&format!("SHOW GRANTS FOR CURRENT_USER() USING {roles}")).await;
        }
        // Here one role is active at a time, and shows its grants only then.
        let before = self.asked("SELECT CURRENT_ROLE()").await?;
        let before = before.map_or_else(|| "NONE".to_owned(), |role| quote(&role));
        let mut lines = Vec::new();
        for role in roles {
            match self.own_text(&format!("SET ROLE {role}")).await {
                Ok(()) => lines.extend(self.granted("SHOW GRANTS").await?),
                // It is a role of a role, which cannot be activated by itself. The outer role shows its grants.
                Err(BackendError::Database(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.own_text(&format!("SET ROLE {before}")).await?;
        Ok(lines)
    }

    pub(super) async fn granted(&mut self, sql: &str) -> Result<Vec<Line>, BackendError> {
        Ok(self.first_texts(sql).await?.iter().flatten().filter_map(|line| parse(line)).collect())
    }

    pub(super) async fn asked(&mut self, sql: &str) -> Result<Option<String>, BackendError> {
        Ok(self.first_texts(sql).await?.into_iter().next().flatten())
    }

    async fn first_texts(&mut self, sql: &str) -> Result<Vec<Option<String>>, BackendError> {
        let rows = self.ready().await?.text_rows(sql).await;
        let rows = rows.and_then(|rows| rows.iter().map(|row| own_text(row, 0)).collect());
        rows.map_err(|error| error::host_error(&error, &self.url.to_string()))
    }

    /// Returns the statements that make a user for this database only, with the same allowed hosts as this user.
    pub(super) async fn owner_sql(&mut self, user: &str) -> Result<Vec<String>, BackendError> {
        let database = &self.server.database;
        let text = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
        let host = user.rsplit_once('@').map_or("%", |(_, host)| host);
        let owner = format!("{}@{}", text(&owner_name(database, NAME_BYTES_MAX)), text(host));
        let create = format!("CREATE USER {owner} IDENTIFIED BY '…';");
        // Elsewhere `_` and `%` stand for other characters.
        let is_literal =
            "SHOW GLOBAL VARIABLES WHERE Variable_name = 'partial_revokes' AND Value = 'ON'";
        let pattern = match self.asked(is_literal).await? {
            Some(_) => self.server.database.clone(),
            None => escaped(&self.server.database),
        };
        Ok(vec![create, format!("GRANT ALL ON {}.* TO {owner};", quote(&pattern))])
    }
}

impl Line {
    pub(super) fn roles(&self) -> &[String] {
        match self {
            Self::Roles(roles) => roles,
            Self::Rights { .. } => &[],
        }
    }
}

/// Returns a pattern that matches only this database's name.
pub(super) fn escaped(database: &str) -> String {
    database
        .chars()
        .flat_map(|c| "\\_%".contains(c).then_some('\\').into_iter().chain([c]))
        .collect()
}

/// Returns the powers that all lines give together, the worst first.
pub(super) fn held(lines: &[Line]) -> Vec<Power> {
    let mut global = BTreeSet::new();
    let (mut writes, mut revoked) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let Line::Rights { is_revoked, rights, database, is_table } = line else { continue };
        let rights = rights.iter().map(String::as_str);
        match database {
            None if !is_revoked => global.extend(rights),
            None => {}
            // A table's database is named, and no pattern.
            Some(name) => {
                let reaches = match *is_table || *is_revoked {
                    true => name.eq_ignore_ascii_case(SYSTEM),
                    false => fits(name, SYSTEM),
                };
                match (reaches, is_revoked) {
                    (false, _) => {}
                    (true, true) => revoked.extend(rights),
                    (true, false) => writes.extend(rights),
                }
            }
        }
    }
    let mut held: Vec<Power> = GLOBAL
        .iter()
        .filter(|(right, _)| global.contains(right))
        .map(|(right, reach)| Power { reach: *reach, by: format!("has {right} on *.*") })
        .collect();
    if held.iter().any(|power| power.by.contains("ALL PRIVILEGES")) {
        // It has all the rest.
        held.truncate(1);
        return held;
    }
    writes.extend(global.difference(&revoked));
    let writes: Vec<&str> = WRITES.into_iter().filter(|right| writes.contains(right)).collect();
    if !writes.is_empty() {
        let by = format!("has {} in the database {SYSTEM}", writes.join(", "));
        held.push(Power { reach: Reach::Accounts, by });
    }
    held.sort_by_key(|power| power.reach);
    held
}

/// Returns whether `name` matches `pattern`, in which `\` makes the next sign literal.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    match pattern_rest.next() {
        None => name.is_empty(),
        Some('%') => {
            let rest = pattern_rest.as_str();
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| fits(rest, &name[at..]))
        }
        Some(c) => {
            let (c, is_any) = match c {
                '\\' => (pattern_rest.next().unwrap_or(c), false),
                '_' => (c, true),
                c => (c, false),
            };
            let mut name_rest = name.chars();
            let next = name_rest.next();
            next.is_some_and(|next| is_any || next.eq_ignore_ascii_case(&c))
                && fits(pattern_rest.as_str(), name_rest.as_str())
        }
    }
}

/// Reads one line of SHOW GRANTS; `None` for a grant without a right to data: a proxy, a routine.
fn parse(line: &str) -> Option<Line> {
    let mut words = Words { rest: line };
    let is_revoked = match words.next()? {
        Word::Bare("GRANT") => false,
        Word::Bare("REVOKE") => true,
        _ => return None,
    };
    // Up to ON or TO: rights with their columns, or roles.
    let (mut items, mut item, mut depth) = (Vec::new(), String::new(), 0);
    let is_roles = loop {
        match words.next()? {
            Word::Sign("(") => depth += 1,
            Word::Sign(")") => depth -= 1,
            _ if depth > 0 => {}
            Word::Sign(",") => items.push(std::mem::take(&mut item)),
            Word::Bare("ON") => break false,
            Word::Bare("TO") => break true,
            Word::Bare(word) => {
                if !item.is_empty() && !item.ends_with('@') {
                    item.push(' ');
                }
                item.push_str(word);
            }
            // Of a role's name; rights have neither.
            Word::Quoted { text, .. } => item.push_str(&quote(&text)),
            Word::Sign(sign) => item.push_str(sign),
        }
    };
    items.push(item);
    if is_roles {
        return Some(Line::Roles(items));
    }
    let mut first = words.next()?;
    match &first {
        Word::Bare("PROCEDURE" | "FUNCTION" | "PACKAGE") => return None,
        Word::Bare("TABLE") => first = words.next()?,
        _ => {}
    }
    let database = match first {
        Word::Sign("*") => None,
        Word::Bare(name) => Some(name.to_owned()),
        Word::Quoted { text, .. } => Some(text),
        Word::Sign(_) => return None,
    };
    // A proxy stands for a user, which has no point.
    let Word::Sign(".") = words.next()? else { return None };
    let is_table = !matches!(words.next()?, Word::Sign("*"));
    let mut rights: Vec<String> = items.iter().map(|right| right.to_ascii_uppercase()).collect();
    if words.rest.to_ascii_uppercase().contains("WITH GRANT OPTION") {
        rights.push("GRANT OPTION".to_owned());
    }
    Some(Line::Rights { is_revoked, rights, database, is_table })
}

#[derive(Debug, PartialEq, Eq)]
enum Word<'a> {
    Bare(&'a str),
    Quoted {
        text: String,
    },
    /// A character that is none of a word's.
    Sign(&'a str),
}

/// A line of SHOW GRANTS, word by word. Names are quoted as the session's mode says, or not at all.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<Word<'a>> {
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next()?;
        if "`\"'".contains(first) {
            return self.quoted(first);
        }
        let is_word = |c: char| c.is_alphanumeric() || "_$-%\\".contains(c);
        let length = match self.rest.find(|c| !is_word(c)) {
            Some(0) => first.len_utf8(),
            Some(length) => length,
            None => self.rest.len(),
        };
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(if is_word(first) { Word::Bare(word) } else { Word::Sign(word) })
    }

    fn quoted(&mut self, quote: char) -> Option<Word<'a>> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c != quote {
                text.push(c);
            } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
                text.push(quote);
                chars.next();
            } else {
                self.rest = &self.rest[at + 1..];
                return Some(Word::Quoted { text });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Vec<String> {
        let lines: Vec<Line> = lines.iter().filter_map(|line| parse(line)).collect();
        held(&lines).into_iter().map(|power| power.by).collect()
    }

    /// What each server was seen to print, and what it gives.
    #[test]
    fn grants() {
        let table: [(&[&str], &[&str]); 22] = [
            (
                &[
                    "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*7B9EBEED WITH GRANT OPTIO'",
                    "GRANT ALL PRIVILEGES ON `app`.* TO `u`@`%` WITH GRANT OPTION",
                    "GRANT INSERT ON `my\\_app`.* TO `u`@`%`",
                    "GRANT PROXY ON ``@`%` TO `root`@`localhost` WITH GRANT OPTION",
                    "GRANT EXECUTE ON PROCEDURE `mysql`.`p` TO `u`@`%`",
                    "GRANT SELECT ON `mysql`.* TO `u`@`%`",
                    "GRANT SELECT (`a`, `INSERT`) ON `mysql`.`user` TO `u`@`%`",
                    "GRANT PROCESS, REPLICATION CLIENT ON *.* TO `u`@`%`",
                    "GRANT `r1`@`%`,`r2`@`%` TO `u`@`%` WITH ADMIN OPTION",
                ],
                &[],
            ),
            (
                &["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"],
                &["has ALL PRIVILEGES on *.*"],
            ),
            (&["GRANT SELECT, FILE ON *.* TO `u`@`%`"], &["has FILE on *.*"]),
            (&["GRANT SUPER ON *.* TO `r2`"], &["has SUPER on *.*"]),
            (&["GRANT CREATE USER ON *.* TO u@\"%\""], &["has CREATE USER on *.*"]),
            (
                &["GRANT ROLE_ADMIN,SYSTEM_USER ON *.* TO `u`@`%`"],
                &["has SYSTEM_USER on *.*", "has ROLE_ADMIN on *.*"],
            ),
            (&["GRANT SELECT ON *.* TO `u`@`%` WITH GRANT OPTION"], &["has GRANT OPTION on *.*"]),
            (
                &["GRANT USAGE ON *.* TO `u`@`%` REQUIRE SSL WITH GRANT OPTION"],
                &["has GRANT OPTION on *.*"],
            ),
            (
                &["GRANT SELECT, INSERT, CREATE ON *.* TO `u`@`%`"],
                &["has INSERT, CREATE in the database mysql"],
            ),
            (
                &[
                    "GRANT INSERT, DROP ON *.* TO `v`@`%`",
                    "REVOKE INSERT ON `mysql`.* FROM `v`@`%`",
                ],
                &["has DROP in the database mysql"],
            ),
            (&["GRANT INSERT ON *.* TO `v`@`%`", "REVOKE INSERT ON `mysql`.* FROM `v`@`%`"], &[]),
            (
                &["GRANT INSERT ON *.* TO `v`@`%`", "REVOKE INSERT ON `other`.* FROM `v`@`%`"],
                &["has INSERT in the database mysql"],
            ),
            (&["GRANT INSERT ON `mysql`.* TO PUBLIC"], &["has INSERT in the database mysql"]),
            (&["GRANT INSERT ON `my%`.* TO `u`@`%`"], &["has INSERT in the database mysql"]),
            (&["GRANT DROP ON \"%\".* TO \"u\"@\"%\""], &["has DROP in the database mysql"]),
            (&["GRANT DELETE ON `m_sql`.* TO `u`@`%`"], &["has DELETE in the database mysql"]),
            (&["GRANT ALTER ON my%.* TO u@%"], &["has ALTER in the database mysql"]),
            (
                &["GRANT UPDATE (`plugin`) ON `mysql`.`user` TO `u`@`%`"],
                &["has UPDATE in the database mysql"],
            ),
            (
                &["GRANT INSERT, UPDATE ON TABLE `mysql`.`db` TO `u`@`%`"],
                &["has INSERT, UPDATE in the database mysql"],
            ),
            (
                &["GRANT ALL PRIVILEGES ON `mysql`.* TO `u`@`%`"],
                &["has ALL PRIVILEGES in the database mysql"],
            ),
            // A table that is named like the system's database, and a name that holds a grant.
            (
                &[
                    "GRANT INSERT ON `app`.`mysql` TO `u`@`%`",
                    "GRANT SELECT ON `a`` ON *.* TO x`.* TO `u`@`%`",
                ],
                &[],
            ),
            (&["GRANT INSERT ON `MYSQL`.* TO `u`@`%`"], &["has INSERT in the database mysql"]),
        ];
        for (lines, expected) in table {
            assert_eq!(said(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn roles_are_found_as_they_are_written() {
        let table: [(&str, &[&str]); 5] = [
            ("GRANT `r1` TO `u`@`%` WITH ADMIN OPTION", &["`r1`"]),
            ("GRANT `r1`@`%`,`r``2`@`h` TO `u`@`%`", &["`r1`@`%`", "`r``2`@`h`"]),
            ("GRANT r3@\"%\" TO u@\"%\"", &["r3@`%`"]),
            ("GRANT `ON`@`%` TO `u`@`%`", &["`ON`@`%`"]),
            ("GRANT SELECT ON *.* TO `u`@`%`", &[]),
        ];
        for (line, expected) in table {
            assert_eq!(parse(line).expect("a grant").roles(), expected, "{line}");
        }
    }

    #[test]
    fn patterns() {
        let fitting = ["mysql", "MySQL", "%", "my%", "%sql", "m_sql", "_____", "%%", "my\\sql"];
        let others = ["", "my", "mysql_", "my\\%", "m\\_sql", "mysqlx%", "x%", "____"];
        for pattern in fitting {
            assert!(fits(pattern, "mysql"), "{pattern}");
        }
        for pattern in others {
            assert!(!fits(pattern, "mysql"), "{pattern}");
        }
        assert_eq!(escaped("my_app%\\"), "my\\_app\\%\\\\");
        assert!(fits(&escaped("my_app%"), "my_app%") && !fits(&escaped("my_app"), "my1app"));
    }
}
