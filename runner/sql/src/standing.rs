//! What a text makes of its session, as far as it decides how the rest of the text is read: `sql_mode`, set, saved in a
//! user variable and given back.
//!
//! Follows MySQL and MariaDB alone. What a server computes is not known here, and is refused.

use super::{Reading, refusal::is_user_variable_assigned, statement::Statement, view::View};
use std::collections::{BTreeMap, BTreeSet};

/// Modes in which MariaDB reads another language than the one that the tokenizer knows: blocks without
/// BEGIN NOT ATOMIC, `:=`, names in brackets.
pub const FOREIGN_MODES: [&str; 2] = ["ORACLE", "MSSQL"];

/// How a text is read, and what it keeps for later.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    first: Reading,
    pub(super) reading: Reading,
    /// What user variables hold that were set to a mode.
    saved: BTreeMap<String, Reading>,
    charsets: Charsets,
}

/// A mode that cannot be told from the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unclear {
    Computed,
    Foreign,
    Charset,
}

impl Unclear {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Computed => {
                "setting sql_mode is refused: a computed mode is not known before it is set: name the modes, or give back a saved one"
            }
            Self::Foreign => {
                "setting sql_mode is refused: in that mode the server reads another language"
            }
            Self::Charset => {
                "a character set from a user variable is refused: the host relies on it to read statements; give back one that was kept by SET @x = @@character_set_client"
            }
        }
    }
}

impl Standing {
    pub(super) fn new(reading: Reading) -> Self {
        Self { first: reading, reading, saved: BTreeMap::new(), charsets: Charsets::default() }
    }

    /// Takes in what `statement` sets.
    pub(super) fn after(&mut self, statement: &Statement<'_>) -> Result<(), Unclear> {
        let view = statement.view();
        if view.is_mysql() {
            self.charsets.after(view)?;
        }
        if !view.is_mysql() || !view.is(0, "SET") {
            return Ok(());
        }
        for assignment in assignments(view.from(1)) {
            if let Some(variable) = assignment.user_variable() {
                match self.mode(assignment.value) {
                    Ok(Some(reading)) => self.saved.insert(variable, reading),
                    _ => self.saved.remove(&variable),
                };
            } else if assignment.setting().as_deref() == Some("sql_mode") {
                self.reading = self.mode(assignment.value)?.ok_or(Unclear::Computed)?;
            }
        }
        Ok(())
    }

    /// Returns how a session reads to whose mode `value` is set; `None` where only the server knows.
    fn mode(&self, value: View<'_>) -> Result<Option<Reading>, Unclear> {
        let of_words = |mode: &str| match is_foreign(mode) {
            true => Err(Unclear::Foreign),
            false => Ok(Some(self.reading.in_mode(mode))),
        };
        if let [_] = value.tokens {
            if let Some(mode) = value.string(0) {
                return of_words(&mode);
            }
            if value.is(0, "DEFAULT") {
                return Ok(Some(self.first));
            }
            // `0` is the empty one.
            if value.text_at(0) == "0" {
                return of_words("");
            }
            if let Some(mode) = value.word(0) {
                return of_words(&mode);
            }
        }
        if let Some((at, scope)) = system_variable(value)
            && value.name(at).is_some_and(|name| name.eq_ignore_ascii_case("sql_mode"))
            && value.tokens.len() == at + 1
        {
            let is_global = scope.is_some_and(|scope| scope == "GLOBAL");
            return Ok(Some(if is_global { self.first } else { self.reading }));
        }
        Ok(given_back(value).and_then(|variable| self.saved.get(&variable).copied()))
    }
}

/// Which user variables hold a character set that the session had, or one of UTF-8.
#[derive(Debug, Clone, Default)]
pub(super) struct Charsets(BTreeSet<String>);

impl Charsets {
    /// Takes in what a statement sets. Error: a character set from any other user variable.
    pub(super) fn after(&mut self, view: View<'_>) -> Result<(), Unclear> {
        if !view.is(0, "SET") {
            self.forget(view);
            return Ok(());
        }
        for assignment in assignments(view.from(1)) {
            let value = assignment.value;
            if let Some(variable) = assignment.user_variable() {
                match self.holds(value) {
                    true => self.0.insert(variable),
                    false => self.0.remove(&variable),
                };
                continue;
            }
            let is_variable = value.is_symbol(0, b'@') && !value.is_symbol(1, b'@');
            let is_charset = assignment.setting().is_some_and(|name| CHARSETS.contains(&&*name));
            if is_charset && is_variable && !self.holds(value) {
                return Err(Unclear::Charset);
            }
        }
        Ok(())
    }

    /// Forgets what a statement other than SET gives another value: `@a := 1`, `INTO @a`.
    fn forget(&mut self, view: View<'_>) {
        if self.0.is_empty() || !is_user_variable_assigned(view) {
            return;
        }
        for at in (0..view.tokens.len()).filter(|at| view.is_symbol(*at, b'@')) {
            let name = view.name(at + 1).or_else(|| view.string(at + 1)).unwrap_or_default();
            self.0.remove(&name.to_lowercase());
        }
    }

    fn holds(&self, value: View<'_>) -> bool {
        if value.is_symbol(0, b'@') && value.tokens.len() == 2 {
            let name = value.name(1).or_else(|| value.string(1)).unwrap_or_default();
            return self.0.contains(&name.to_lowercase());
        }
        let utf8 = || value.string(0).is_some_and(|name| is_utf8(&name));
        is_charset_of_session(value) || value.tokens.len() == 1 && utf8()
    }
}

const CHARSETS: [&str; 3] =
    ["character_set_client", "character_set_connection", "character_set_results"];

/// Returns whether these are the names of UTF-8.
pub fn is_utf8(charset: &str) -> bool {
    ["utf8", "utf8mb3", "utf8mb4"].iter().any(|known| charset.eq_ignore_ascii_case(known))
}

/// Returns the user variable whose value is given back, in lower case: `@x`, or as HeidiSQL has it `IFNULL(@x, '')`.
pub(super) fn given_back(value: View<'_>) -> Option<String> {
    let is_guarded = value.is_any(0, &["IFNULL", "COALESCE"]) && value.is_symbol(1, b'(');
    let at = if is_guarded { 2 } else { 0 };
    let is_whole = match is_guarded {
        true => value.is_symbol(4, b',') && value.is_symbol(6, b')') && value.tokens.len() == 7,
        false => value.tokens.len() == 2,
    };
    if !is_whole || !value.is_symbol(at, b'@') {
        return None;
    }
    Some(value.name(at + 1).or_else(|| value.string(at + 1)).unwrap_or_default().to_lowercase())
}

/// Returns whether a value is `@@character_set_client` or its like, of the session.
pub(super) fn is_charset_of_session(value: View<'_>) -> bool {
    let Some((at, scope)) = system_variable(value) else { return false };
    let is_of_session = scope.is_none_or(|scope| matches!(scope.as_str(), "SESSION" | "LOCAL"));
    is_of_session
        && value.tokens.len() == at + 1
        && value.name(at).is_some_and(|name| CHARSETS.contains(&&*name.to_lowercase()))
}

/// Returns whether a session in this mode reads another language.
pub fn is_foreign(mode: &str) -> bool {
    let modes = || mode.split(',').map(str::trim);
    FOREIGN_MODES.iter().any(|foreign| modes().any(|mode| mode.eq_ignore_ascii_case(foreign)))
}

/// One of the things that a SET sets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assignment<'a> {
    /// What stands before the value, with the scope.
    pub(super) target: View<'a>,
    pub(super) value: View<'a>,
}

impl Assignment<'_> {
    /// Returns the user variable that is set, in lower case.
    pub(super) fn user_variable(&self) -> Option<String> {
        let target = self.target;
        let is_user = target.is_symbol(0, b'@') && !target.is_symbol(1, b'@');
        is_user.then(|| {
            let parts = target.tokens[1..].iter().enumerate();
            let part = |at: usize| target.name(at + 1).or_else(|| target.string(at + 1));
            let name: String =
                parts.map(|(at, _)| part(at).unwrap_or_else(|| ".".into())).collect();
            name.to_lowercase()
        })
    }

    /// Returns the setting of the session that is set, in lower case.
    pub(super) fn setting(&self) -> Option<String> {
        let target = self.target;
        let mut at = if target.is_symbol(0, b'@') { 2 } else { 0 };
        if target.is_any(at, &["SESSION", "LOCAL"]) {
            at += 1 + usize::from(target.is_symbol(at + 1, b'.'));
        }
        if target.is_any(at, &["GLOBAL", "PERSIST", "PERSIST_ONLY"]) {
            return None;
        }
        (target.tokens.len() == at + 1).then(|| target.name(at))?.map(|name| name.to_lowercase())
    }
}

/// Returns what a SET sets: `a = 1, SESSION b = 2, @@c = 3, @d := 4`. NAMES and the like have no value of that kind.
pub(super) fn assignments(view: View<'_>) -> Vec<Assignment<'_>> {
    let mut found = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for index in 0..=view.tokens.len() {
        let ends = index == view.tokens.len() || depth == 0 && view.is_symbol(index, b',');
        if ends {
            let tokens = view.tokens.get(start..index).unwrap_or_default();
            if let Some(assignment) = assignment(View { tokens, ..view }) {
                found.push(assignment);
            }
            start = index + 1;
        } else if view.is_symbol(index, b'(') {
            depth += 1;
        } else if view.is_symbol(index, b')') {
            depth = depth.saturating_sub(1);
        }
    }
    found
}

fn assignment(view: View<'_>) -> Option<Assignment<'_>> {
    let equals = (0..view.tokens.len()).find(|at| view.is_symbol(*at, b'='))?;
    let is_colon = equals > 0 && view.is_symbol(equals - 1, b':');
    let tokens = &view.tokens[..equals - usize::from(is_colon)];
    Some(Assignment { target: View { tokens, ..view }, value: view.from(equals + 1) })
}

/// Returns where the name of a system variable stands that `value` begins with, and its scope.
pub(super) fn system_variable(value: View<'_>) -> Option<(usize, Option<String>)> {
    if !(value.is_symbol(0, b'@') && value.is_symbol(1, b'@')) {
        return None;
    }
    let scope = value.word(2).filter(|_| value.is_symbol(3, b'.'));
    Some((if scope.is_some() { 4 } else { 2 }, scope))
}
