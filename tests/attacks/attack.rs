//! Attacks as they are written down, and which of them are tried.

use crate::support::servers::is_full;

/// One in so many is tried by default; another part for each server.
const SAMPLE: usize = 4;

/// One attack.
#[derive(Debug, Default, Clone)]
pub struct Attack {
    pub name: String,
    /// The SQL of `up`.
    pub up: String,
    /// Users, and what each runs after the deploy.
    pub then: Vec<(String, String)>,
}

/// Reads a list of attacks; its first lines say how it is written.
pub fn read(text: &str) -> Vec<Attack> {
    let mut attacks: Vec<Attack> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        if let Some(name) = line.strip_prefix("== ") {
            attacks.push(Attack { name: name.to_owned(), ..Attack::default() });
            continue;
        }
        let attack = attacks.last_mut().expect("a name comes first");
        match line.strip_prefix("-- then ").and_then(|then| then.split_once(": ")) {
            Some((user, sql)) => attack.then.push((user.to_owned(), sql.to_owned())),
            None => attack.up.push_str(&format!("{line}\n")),
        }
    }
    attacks
}

/// Those that are tried: all, or an even part that begins at `offset`.
pub fn chosen(attacks: Vec<Attack>, offset: usize) -> Vec<Attack> {
    match is_full() {
        true => attacks,
        false => attacks.into_iter().skip(offset % SAMPLE).step_by(SAMPLE).collect(),
    }
}
