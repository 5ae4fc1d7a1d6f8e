//! globex/directory: contact cards, parsed from the customers of acme/shop.
//!
//! Reads and writes by columns in batches, so that a million customers need no more memory than one
//! batch. What the text means is decided in `parse`, which knows nothing of databases.

mod parse;

use alteration_sdk::{Batch, prelude::*};

const ROWS_A_BATCH: u32 = 5000;

struct Directory;

impl Alteration for Directory {
    fn up(db: &Database, _alteration: &str) -> Result<()> {
        db.execute(
            "CREATE TABLE directory_contacts (
                 customer_id INTEGER PRIMARY KEY,
                 given_name TEXT,
                 family_name TEXT,
                 email TEXT,
                 email_domain TEXT,
                 phone_e164 TEXT,
                 postcode TEXT,
                 city TEXT
             )",
            params![],
        )?;
        let total: u64 = db.query_one("SELECT count(*) FROM customers", params![])?;
        let customers = db.cursor(
            "SELECT id, full_name, email, phone, address FROM customers ORDER BY id",
            params![],
        )?;
        let mut contacts = db.bulk_writer(
            "directory_contacts",
            &[
                "customer_id",
                "given_name",
                "family_name",
                "email",
                "email_domain",
                "phone_e164",
                "postcode",
                "city",
            ],
        )?;
        let mut unparsed = Unparsed::default();
        let mut done = 0;
        while let Some(batch) = customers.next_batch(ROWS_A_BATCH)? {
            done += copy(batch, &mut contacts, &mut unparsed)?;
            log::progress(done, Some(total));
        }
        contacts.finish()?;
        let Unparsed { names, emails, phones, addresses } = unparsed;
        log::info!(
            "{done} customers; not understood and left empty: {names} names, {emails} e-mails, \
             {phones} phone numbers, {addresses} addresses"
        );
        Ok(())
    }

    fn down(db: &Database, _alteration: &str) -> Result<()> {
        db.execute("DROP TABLE directory_contacts", params![])?;
        Ok(())
    }
}

/// How many texts of each sort were there, but not understood.
#[derive(Default)]
struct Unparsed {
    names: u64,
    emails: u64,
    phones: u64,
    addresses: u64,
}

/// Parses one batch of customers and writes their cards; returns how many there were.
fn copy(mut customers: Batch, contacts: &mut BulkWriter, unparsed: &mut Unparsed) -> Result<u64> {
    let ids: Vec<i64> = customers.take(0)?;
    let names = parse_all(customers.take(1)?, parse::name, &mut unparsed.names);
    let emails = parse_all(customers.take(2)?, parse::email, &mut unparsed.emails);
    let phones = parse_all(customers.take(3)?, parse::phone, &mut unparsed.phones);
    let addresses = parse_all(customers.take(4)?, parse::address, &mut unparsed.addresses);

    let count = ids.len() as u64;
    let (given, family) = unzip(names, |name| (name.given, name.family));
    let (emails, domains) = unzip(emails, |email| {
        let domain = email.domain().to_owned();
        (Some(email.into_text()), Some(domain))
    });
    let (postcodes, cities) = unzip(addresses, |place| (Some(place.postcode), Some(place.city)));
    contacts.write_columns(&[
        ids.into(),
        given.into(),
        family.into(),
        emails.into(),
        domains.into(),
        phones.into(),
        postcodes.into(),
        cities.into(),
    ])?;
    Ok(count)
}

/// Parses a column. Nothing, or nothing but space, is absent; what is there but not understood is
/// counted.
fn parse_all<T>(
    texts: Vec<Option<String>>,
    parse: fn(&str) -> Option<T>,
    unparsed: &mut u64,
) -> Vec<Option<T>> {
    let parse = |text: Option<String>| {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
        let parsed = parse(text);
        *unparsed += u64::from(parsed.is_none());
        parsed
    };
    texts.into_iter().map(parse).collect()
}

type Texts = Vec<Option<String>>;

fn unzip<T>(
    values: Vec<Option<T>>,
    split: fn(T) -> (Option<String>, Option<String>),
) -> (Texts, Texts) {
    values.into_iter().map(|value| value.map_or((None, None), split)).unzip()
}

alteration!(Directory);
manifest!("alteration.json");
