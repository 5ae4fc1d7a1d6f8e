//! One customer, as people type themselves into a form: mostly right, in every notation there is,
//! and sometimes not at all. What globex/directory makes of it is told in its README.

use crate::{
    random::Random,
    words::{
        COMPANIES, COUNTRIES, Country, NO_ADDRESSES, NO_EMAILS, NO_NAMES, NO_PHONES, PROVIDERS,
        SUFFIXES, Style, TITLES,
    },
};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) full_name: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) address: Option<String>,
}

impl Person {
    pub(crate) fn new(id: u32, random: &mut Random) -> Self {
        let country = country(random);
        let (given, family) = (random.pick(country.given), random.pick(country.family));
        Self {
            full_name: full_name(given, family, random),
            email: email(id, given, family, random),
            phone: phone(country, random),
            address: address(country, random),
        }
    }
}

fn country(random: &mut Random) -> &'static Country {
    let mut at = random.below(1000);
    for country in COUNTRIES {
        if at < country.per_mille {
            return country;
        }
        at -= country.per_mille;
    }
    unreachable!("the shares of the countries are a thousand, as a test checks")
}

fn full_name(given: &str, family: &str, random: &mut Random) -> String {
    let name = match random.below(1000) {
        0..600 => format!("{given} {family}"),
        600..760 => format!("{family}, {given}"),
        760..860 => format!("{} {given} {family}", random.pick(TITLES)),
        860..890 => format!("{family}, {} {given}", random.pick(TITLES)),
        890..920 => format!("{given} {family}, {}", random.pick(SUFFIXES)),
        920..940 => format!("{given} {}. {family}", random.pick(&["A", "J", "Ph", "W"])),
        940..960 => format!("{given} {family}").to_uppercase(),
        960..980 => format!("{given} {family}").to_lowercase(),
        980..990 => given.to_owned(),
        _ => return random.pick(NO_NAMES).to_owned(),
    };
    spaced(name, random)
}

fn email(id: u32, given: &str, family: &str, random: &mut Random) -> Option<String> {
    let domain = if random.per_mille(850) {
        random.pick(PROVIDERS).to_owned()
    } else {
        format!("{}-{}.example", random.pick(COMPANIES), random.below(200))
    };
    let (given, family) = (plain(given), plain(family));
    let local = match random.below(4) {
        _ if given.is_empty() || family.is_empty() => format!("customer{id}"),
        0 => format!("{given}.{family}{id}"),
        1 => format!("{}{family}{id}", &given[..1]),
        2 => format!("{family}_{given}.{id}"),
        _ => format!("{given}+shop{id}"),
    };
    let email = match random.below(1000) {
        0..700 => format!("{local}@{domain}"),
        700..790 => format!("{local}@{domain}").to_uppercase(),
        790..860 => format!("{}{}@{domain}", local[..1].to_uppercase(), &local[1..]),
        860..880 => format!("<{local}@{domain}>"),
        880..890 => format!("mailto:{local}@{domain}"),
        890..897 => format!("{local}.{domain}"),
        897..904 => format!("{local}@@{domain}"),
        904..911 => format!("{local} @ {domain}"),
        911..918 => format!("{local}@{domain}."),
        918..925 => format!("{local}@localhost"),
        925..930 => format!("{local}@{domain}, {local}@{domain}"),
        930..940 => random.pick(NO_EMAILS).to_owned(),
        940..950 => String::new(),
        _ => return None,
    };
    Some(spaced(email, random))
}

fn phone(country: &Country, random: &mut Random) -> Option<String> {
    let Country { calling_code: code, local, style, .. } = country;
    let area = random.pick(country.areas);
    let last = format!("{:03}", random.below(1000));
    // Only Germany's national numbers are understood without a code, and North America's.
    let national = match (style, *code) {
        (Style::American, _) => [
            format!("({area}) {}-{}{last}", &local[..3], &local[3..]),
            format!("{area}-{}-{}{last}", &local[..3], &local[3..]),
            format!("1-{area}-{}-{}{last}", &local[..3], &local[3..]),
            format!("{area}.{}.{}{last} x {}", &local[..3], &local[3..], random.below(90)),
        ],
        (_, "49") => [
            format!("0{area} {local}{last}"),
            format!("(0{area}) {local}-{last}"),
            format!("0{area}/{local}{last}"),
            format!("0{area} {local} ext. {}", random.below(90)),
        ],
        _ => [
            format!("+{code} {area} {local}{last}"),
            format!("+{code} (0){area} {local}-{last}"),
            format!("+{code}-{area}-{local}-{last}"),
            format!("0{area} {local}{last}"),
        ],
    };
    let phone = match random.below(1000) {
        0..450 => random.pick(&[0, 1, 2, 3].map(|at: usize| national[at].as_str())).to_owned(),
        450..580 => format!("+{code} {area} {local}{last}"),
        580..660 => format!("+{code} (0){area} / {local}-{last}"),
        660..720 => format!("00{code} {area} {local} {last}"),
        720..770 => format!("(+{code}) {area} {local}{last}"),
        770..800 => format!("tel:+{code}{area}{local}{last}"),
        800..810 => format!("+{code} {area} {local}{last} or +{code} {area} {local}{last}"),
        810..835 => random.pick(NO_PHONES).to_owned(),
        835..850 => String::new(),
        _ => return None,
    };
    Some(spaced(phone, random))
}

fn address(country: &Country, random: &mut Random) -> Option<String> {
    let street = random.pick(country.streets);
    let (city, region) = random.pick(country.cities);
    let house = 1 + random.below(180);
    let digits = |length: usize, random: &mut Random| {
        let missing = length - region.len();
        let end = 10_u32.pow(u32::try_from(missing).expect("a few digits"));
        format!("{region}{:0missing$}", random.below(end))
    };
    let (street, place) = match country.style {
        Style::FiveDigits => (format!("{street} {house}"), (digits(5, random), city)),
        Style::FourDigits => (format!("{street} {house}"), (digits(4, random), city)),
        Style::American | Style::British => (format!("{house} {street}"), (String::new(), city)),
    };
    let place = match country.style {
        Style::FiveDigits | Style::FourDigits if random.per_mille(80) => {
            format!("{}-{} {}", country.letter_code, place.0, place.1)
        }
        Style::FiveDigits | Style::FourDigits => format!("{} {}", place.0, place.1),
        Style::American if random.per_mille(150) => {
            format!("{city}, {region} {:05}-{:04}", random.below(99_999), random.below(9_999))
        }
        Style::American => format!("{city}, {region} {:05}", random.below(99_999)),
        Style::British => format!("{city}, {region} {}AB", random.below(9)),
    };
    let address = match random.below(1000) {
        0..650 => format!("{street}, {place}"),
        650..750 => format!("{street}\n{place}"),
        750..800 => format!("{street} ; {place}"),
        800..880 => format!("{street}, {place}, {}", country.name),
        880..900 => format!("{street}, {}. Stock, {place}", 1 + random.below(6)),
        900..920 => format!("{street}, {city}"),
        920..930 => city.to_owned(),
        930..940 => random.pick(NO_ADDRESSES).to_owned(),
        _ => return None,
    };
    Some(spaced(address, random))
}

/// Leaves white space around, now and then, and doubles it within.
fn spaced(text: String, random: &mut Random) -> String {
    match random.below(1000) {
        0..900 => text,
        900..940 => format!("{text} "),
        940..960 => format!("  {text}"),
        960..970 => format!("\t{text}\n"),
        _ => text.replace(' ', "  "),
    }
}

/// A name as people spell it in an e-mail address; empty where they would not.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' => plain.push(letter),
            'ä' | 'æ' => plain.push_str("ae"),
            'ö' | 'ø' => plain.push_str("oe"),
            'ü' => plain.push_str("ue"),
            'ß' => plain.push_str("ss"),
            'å' | 'á' | 'â' => plain.push('a'),
            'é' | 'è' | 'ë' | 'ê' => plain.push('e'),
            'í' | 'ï' | 'ı' => plain.push('i'),
            'ñ' => plain.push('n'),
            'ó' => plain.push('o'),
            'ç' => plain.push('c'),
            'ş' => plain.push('s'),
            ' ' | '-' | '\'' => {}
            _ => return String::new(),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_countries_share_a_thousand() {
        assert_eq!(COUNTRIES.iter().map(|country| country.per_mille).sum::<u32>(), 1000);
    }

    #[test]
    fn a_customer_depends_on_seed_and_number_alone() {
        let person = |seed, id| Person::new(id, &mut Random::new(seed, 0, id.into()));
        assert_eq!(person(1, 7), person(1, 7));
        assert_ne!(person(1, 7), person(2, 7));
        assert_ne!(person(1, 7), person(1, 8));
    }

    #[test]
    fn every_list_is_well_formed() {
        for id in 1..20_000 {
            Person::new(id, &mut Random::new(3, 0, id.into()));
        }
    }

    #[test]
    fn names_in_addresses() {
        assert_eq!(plain("Karl-Heinz"), "karlheinz");
        assert_eq!(plain("Weiß"), "weiss");
        assert_eq!(plain("Γιώργος"), "");
    }
}
