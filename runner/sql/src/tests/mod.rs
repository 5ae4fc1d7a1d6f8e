//! Tables of cases for splitting, reading and refusing, and hostile input for all of them.

mod hostile;
mod judge;
mod read;
mod refuse_mysql;
mod refuse_mysql_inside;
mod refuse_postgresql;
mod split;

use super::*;
use crate::Level;
use crate::alteration::Dialect::{self, Mariadb, Mysql, Postgresql, Sqlite};

const DIALECTS: [Dialect; 4] = [Sqlite, Postgresql, Mysql, Mariadb];

fn one(sql: &str, dialect: Dialect) -> Statement<'_> {
    Statement::one(sql, dialect).unwrap_or_else(|error| panic!("{dialect}: {sql}: {error}"))
}

/// The statements of a script, each with its `;`. Together with what is left they are the script.
fn split(sql: &str, dialect: Dialect) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    loop {
        match statement_length(&sql[start..], dialect) {
            Ok(Some(length)) => {
                assert!(length > 0);
                parts.push(&sql[start..start + length]);
                start += length;
            }
            Ok(None) => return parts,
            Err(error) => panic!("{dialect}: {}: {error}", &sql[start..]),
        }
    }
}
