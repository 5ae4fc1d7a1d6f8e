//! The Rust part of the list of cases that every SDK has to pass: `tests/guests/harness/sdk_list.rs`.
//!
//! The setting `case` says which one runs, `case.entropy` where the alteration has the permission. What a case sees
//! goes into the table `seen`, which the harness made and reads.

mod cursors;
mod entropy;
mod errors;
mod settings;
mod statements;
mod values;
mod writers;

use alteration_sdk::prelude::*;

type Case = fn(&Database) -> Result<()>;

/// A group's cases by name.
type Cases = &'static [(&'static str, Case)];

struct Listed;

alteration!(Listed, backfill);

impl Alteration for Listed {
    fn up(db: &Database, alteration: &str) -> Result<()> {
        let groups = match alteration.ends_with("-with-entropy") {
            true => vec![entropy::WITH_THE_PERMISSION],
            false => vec![
                values::CASES,
                statements::CASES,
                errors::CASES,
                cursors::CASES,
                writers::CASES,
                settings::CASES,
                entropy::WITHOUT_THE_PERMISSION,
            ],
        };
        let Some(name) = chosen(alteration) else { return Ok(()) };
        let case = groups.concat().into_iter().find(|(case, _)| *case == name);
        case.ok_or_else(|| Error::new(format_args!("there is no case {name}")))?.1(db)
    }

    fn down(_: &Database, _: &str) -> Result<()> {
        Ok(())
    }
}

impl Backfill for Listed {
    fn step(db: &Database, alteration: &str, _: Option<&[u8]>) -> Result<Step> {
        if chosen(alteration).as_deref() == Some("entropy_replayed") {
            entropy::replayed(db)?;
        }
        Ok(Step::Finished)
    }
}

fn chosen(alteration: &str) -> Option<String> {
    let with_entropy = alteration.ends_with("-with-entropy");
    alteration_sdk::settings::get(if with_entropy { "case.entropy" } else { "case" })
}

/// Notes what a case sees.
fn see(db: &Database, what: &str, value: impl std::fmt::Display) -> Result<()> {
    let [first, second] = [1, 2].map(|number| db.placeholder(number));
    let sql = format!("INSERT INTO seen (what, value) VALUES ({first}, {second})");
    db.execute(&sql, params![what, value.to_string()]).map(drop)
}

/// Notes an error that the SDK itself gives, before the host is asked.
fn see_error<T>(db: &Database, what: &str, outcome: Result<T>) -> Result<()> {
    match outcome {
        Ok(_) => see(db, what, "accepted"),
        Err(error) => see(db, what, format_args!("{}: {error}", error.kind())),
    }
}
