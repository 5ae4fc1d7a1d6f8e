//! Where the runner's own tables are on PostgreSQL: in which schema, and whose.
//!
//! `current_schema()` moves: with a schema that is called as the role is, with a setting of the database or of the
//! role. So where the operator names no place, the catalogue is asked for every ledger of this database. One that
//! belongs to somebody else is never read: whoever may create a schema could put one in front.

use super::StrangeLedger;
use crate::escape::Escaped;

/// More of them change nothing about what is decided.
const FOUND_MAX: usize = 3;

/// The roles that this user is a member of, itself among them. A superuser is a member of all to the server's own
/// functions, and would take anybody's word. A membership that only gives the right to administer a role is none.
pub const MEMBERSHIPS: &str = "WITH RECURSIVE mine (oid) AS ( \
        SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname IN (session_user, current_user) \
        UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN mine ON m.member = mine.oid \
        WHERE coalesce((pg_catalog.to_jsonb(m)->>'inherit_option')::pg_catalog.bool, true) \
            OR coalesce((pg_catalog.to_jsonb(m)->>'set_option')::pg_catalog.bool, true))";

/// A ledger that the catalogue shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    schema: String,
    owner: String,
    /// Its owner is a role that this user is a member of.
    is_own: bool,
    /// Its owner can do anything in this database: it is the database's owner, or a superuser.
    is_sovereign: bool,
}

/// The place that was chosen, and those of others that were passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub schema: String,
    pub strange: Vec<StrangeLedger>,
}

impl Chosen {
    /// A place that the operator named is used as it is.
    pub fn named(schema: &str) -> Self {
        Self { schema: schema.to_owned(), strange: Vec::new() }
    }
}

/// Asks for ledgers, those that count first; every column is text. `current` is an expression for the schema in which
/// the session makes what it names without one.
pub fn question(current: &str) -> String {
    format!(
        "{MEMBERSHIPS} SELECT n.nspname::pg_catalog.text, \
            pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text, \
            (c.relowner IN (SELECT oid FROM mine))::pg_catalog.text, \
            (c.relowner = d.datdba OR coalesce(o.rolsuper, false))::pg_catalog.text \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database() \
         LEFT JOIN pg_catalog.pg_roles o ON o.oid = c.relowner \
         WHERE c.relname = 'alteration_ledger' AND c.relkind IN ('r', 'p') \
            AND c.relpersistence <> 't' \
         ORDER BY 3 DESC, n.nspname = {current} DESC, 4 DESC, 1 LIMIT {FOUND_MAX}"
    )
}

impl Found {
    /// From a row of the answer.
    pub fn of(row: &[Option<String>]) -> Option<Self> {
        let [Some(schema), Some(owner), own, sovereign] = row else { return None };
        let is = |cell: &Option<String>| cell.as_deref() == Some("true");
        Some(Self {
            schema: schema.clone(),
            owner: owner.clone(),
            is_own: is(own),
            is_sovereign: is(sovereign),
        })
    }

    fn strange(&self) -> StrangeLedger {
        StrangeLedger { schema: self.schema.clone(), owner: self.owner.clone() }
    }
}

/// Why no place can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    #[error(
        "the schema {} has tables of a runner that belong to the role {}, of which this user is not a member",
        Escaped(&ledger.schema), Escaped(&ledger.owner)
    )]
    Strange { ledger: StrangeLedger },
    #[error(
        "the search_path names no schema that exists, so that there is no place for the runner's tables"
    )]
    NoPlace,
    #[error("the runner's tables are in the schema {}; name the one that is meant", names(schemas))]
    Elsewhere {
        /// Where there are some, in which this user has a part.
        schemas: Vec<String>,
        /// Where this session would make new ones.
        current: Option<String>,
    },
}

fn names(schemas: &[String]) -> String {
    schemas.iter().map(|name| Escaped(name).to_string()).collect::<Vec<_>>().join(", or in ")
}

/// Chooses where the operator named no place. `current` is the schema in which the session makes what it names
/// without one.
pub fn choose(
    found: &[Found],
    current: Option<&str>,
    only_reads: bool,
) -> Result<Chosen, PlaceError> {
    let is_current = |ledger: &&Found| Some(ledger.schema.as_str()) == current;
    let own: Vec<&Found> = found.iter().filter(|ledger| ledger.is_own).collect();
    let chosen = |schema: &str| Chosen {
        schema: schema.to_owned(),
        strange: found
            .iter()
            .filter(|ledger| !ledger.is_own && ledger.schema != schema)
            .map(Found::strange)
            .collect(),
    };
    match own[..] {
        [ledger] if is_current(&ledger) => Ok(chosen(&ledger.schema)),
        [] => match (found.iter().find(is_current), current) {
            // Who only looks may be another role of the application.
            (Some(ledger), _) if only_reads && ledger.is_sovereign => Ok(chosen(&ledger.schema)),
            (Some(ledger), _) => Err(PlaceError::Strange { ledger: ledger.strange() }),
            (None, Some(current)) => Ok(chosen(current)),
            (None, None) => Err(PlaceError::NoPlace),
        },
        _ => Err(PlaceError::Elsewhere {
            schemas: own.iter().map(|ledger| ledger.schema.clone()).collect(),
            current: current.map(str::to_owned),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(schema: &str, kind: char) -> Found {
        Found {
            schema: schema.to_owned(),
            owner: "somebody".to_owned(),
            is_own: kind == 'o',
            is_sovereign: kind == 's',
        }
    }

    #[test]
    fn places_are_chosen() {
        let (own, strange, sovereign) = ('o', 'f', 's');
        // Ledgers, the current schema, whether it is only read: the schema and how many are passed over, or
        // the error's first word.
        type Case<'a> =
            (&'a [(&'a str, char)], Option<&'a str>, bool, Result<(&'a str, usize), &'a str>);
        let table: &[Case<'_>] = &[
            (&[], Some("public"), false, Ok(("public", 0))),
            (&[], None, false, Err("NoPlace")),
            (&[("public", own)], Some("public"), false, Ok(("public", 0))),
            (&[("public", own)], Some("plain"), false, Err("Elsewhere")),
            (&[("public", own)], Some("plain"), true, Err("Elsewhere")),
            (&[("public", own)], None, false, Err("Elsewhere")),
            (&[("public", own), ("app", own)], Some("public"), false, Err("Elsewhere")),
            (&[("trap", strange)], Some("public"), false, Ok(("public", 1))),
            (&[("public", own), ("trap", strange)], Some("public"), false, Ok(("public", 1))),
            (&[("public", own), ("trap", strange)], Some("trap"), false, Err("Elsewhere")),
            (&[("public", strange)], Some("public"), false, Err("Strange")),
            (&[("public", strange)], Some("public"), true, Err("Strange")),
            (&[("public", sovereign)], Some("public"), true, Ok(("public", 0))),
            (&[("public", sovereign)], Some("public"), false, Err("Strange")),
            (&[("public", sovereign)], Some("tenant"), false, Ok(("tenant", 1))),
        ];
        for (ledgers, current, only_reads, expected) in table {
            let ledgers: Vec<_> = ledgers.iter().map(|(name, kind)| found(name, *kind)).collect();
            let chosen = choose(&ledgers, *current, *only_reads);
            match (&chosen, expected) {
                (Ok(chosen), Ok((schema, strange))) => {
                    assert_eq!((&*chosen.schema, chosen.strange.len()), (*schema, *strange));
                }
                (Err(error), Err(name)) => {
                    assert!(format!("{error:?}").starts_with(name), "{error:?}")
                }
                _ => panic!("{ledgers:?} {current:?}: {chosen:?}"),
            }
        }
    }
}
