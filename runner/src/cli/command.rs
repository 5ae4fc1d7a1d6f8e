//! Commands that a person can paste: with the database that this process was given, never with its password.

use super::output;
use crate::{alteration::AlterationKey, plan::Finding};
use std::sync::OnceLock;

/// The database as it was given.
static DATABASE: OnceLock<String> = OnceLock::new();
/// Where a database may come from that is not named.
const DATABASE_VARIABLE: &str = "DATABASE_URL";
/// Parameters of a URL that are secret.
const SECRET_PARAMETERS: [&str; 2] = ["password", "sslpassword"];

/// Remembers what the commands of this process are about.
pub(super) fn remember(database: &str) {
    DATABASE.get_or_init(|| database.to_owned());
}

/// This very command line with one more `flag`.
pub(super) fn again(flag: &str) -> String {
    let mut words = vec!["runner".to_owned()];
    let mut given = std::env::args().skip(1).map(|word| output::word(&without_password(&word)));
    words.extend(given.next());
    words.push(flag.to_owned());
    words.extend(given);
    words.join(" ")
}

/// What the advice of a finding speaks of.
pub(super) fn of_finding(finding: &Finding) -> Vec<String> {
    finding.resolvable().map(resolve_as_reverted).into_iter().collect()
}

/// Records that nothing of an unfinished alteration is in place.
pub(super) fn resolve_as_reverted(key: &AlterationKey) -> String {
    let (plugin, id) = (output::word(key.plugin.as_str()), output::word(key.id.as_str()));
    format!("runner resolve {plugin} {id} --as reverted{}", database_flag())
}

/// Empty where only the variable has the password, so that the command works as it stands.
fn database_flag() -> String {
    let Some(database) = DATABASE.get() else { return String::new() };
    let shown = without_password(database);
    let is_variable = std::env::var(DATABASE_VARIABLE).is_ok_and(|set| set == *database);
    match is_variable && shown != *database {
        true => String::new(),
        false => format!(" --database {}", output::word(&shown)),
    }
}

/// `text` without the password of the URL that it is, or holds at its end.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (place, parameters) = rest.split_once('?').map_or((rest, None), |(a, b)| (a, Some(b)));
    let place = match place.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split_once(':').map_or(user, |(user, _)| user);
            format!("{user}@{host}")
        }
        None => place.to_owned(),
    };
    let is_open = |parameter: &&str| {
        let name = parameter.split_once('=').map_or(*parameter, |(name, _)| name);
        !SECRET_PARAMETERS.iter().any(|secret| secret.eq_ignore_ascii_case(name))
    };
    let kept: Vec<&str> =
        parameters.into_iter().flat_map(|p| p.split('&')).filter(is_open).collect();
    match kept.is_empty() {
        true => format!("{scheme}://{place}"),
        false => format!("{scheme}://{place}?{}", kept.join("&")),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_url_keeps_all_but_its_password() {
        let table = [
            ("sqlite:demo.db?mode=rwc", "sqlite:demo.db?mode=rwc"),
            ("postgres://h/d", "postgres://h/d"),
            ("postgres://u@h:5/d?search_path=a", "postgres://u@h:5/d?search_path=a"),
            ("postgres://u:p@h/d", "postgres://u@h/d"),
            ("mysql://u:p@q:r@h/d?a=b", "mysql://u@h/d?a=b"),
            ("--database=postgres://u:p@h/d", "--database=postgres://u@h/d"),
            ("postgres://h/d?user=u&PassWord=p&sslmode=x", "postgres://h/d?user=u&sslmode=x"),
            ("postgres:///d?password=p", "postgres:///d"),
        ];
        for (text, expected) in table {
            assert_eq!(without_password(text), expected);
        }
    }
}
