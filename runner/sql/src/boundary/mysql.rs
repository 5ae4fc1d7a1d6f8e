//! MySQL and MariaDB: which statements have a body, and where in them it begins.
//!
//! The body itself is read by `blocks`.

use super::blocks::Blocks;
use crate::{
    token::{Token, TokenKind},
    view::View,
};

/// What else a routine's body of one statement can begin with.
const OTHER_VERBS: [&str; 38] = [
    "ANALYZE",
    "BACKUP",
    "BINLOG",
    "CACHE",
    "CHANGE",
    "CHECK",
    "CHECKSUM",
    "CLONE",
    "COMMIT",
    "DEALLOCATE",
    "EXECUTE",
    "FLUSH",
    "GET",
    "GRANT",
    "HANDLER",
    "IMPORT",
    "INSTALL",
    "KILL",
    "LOAD",
    "LOCK",
    "OPTIMIZE",
    "PREPARE",
    "PURGE",
    "RELEASE",
    "REPAIR",
    "RESET",
    "RESIGNAL",
    "RESTART",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SHOW",
    "SHUTDOWN",
    "START",
    "STOP",
    "UNINSTALL",
    "UNLOCK",
    "XA",
];

#[derive(Debug, Default)]
pub(super) struct Mysql {
    state: State,
    parentheses: usize,
    /// The word before, in upper case; empty when it was anything else.
    previous: String,
    before_previous_symbol: u8,
    blocks: Blocks,
    /// The token before began a statement inside this one.
    begins_inner: bool,
}

/// A statement inside another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inner {
    /// Of its tokens among those of the whole: from its first word up to its `;`, or to the next one that begins in it.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// How many blocks are open around it.
    pub(crate) depth: usize,
}

/// Returns the statements of the body of a routine, a trigger, an event or a block, in order.
pub(crate) fn inner(view: View<'_>) -> Vec<Inner> {
    let mut reader = Mysql::default();
    let mut found: Vec<Inner> = Vec::new();
    let mut is_open = false;
    for (at, token) in view.tokens.iter().enumerate() {
        let depth = reader.blocks.depth();
        let ends = reader.ends_at(*token, token.text(view.text));
        if is_open
            && (reader.begins_inner || token.is_symbol(b';'))
            && let Some(last) = found.last_mut()
        {
            last.end = at;
            is_open = false;
        }
        if reader.begins_inner {
            found.push(Inner { start: at, end: view.tokens.len(), depth });
            is_open = true;
        }
        if ends {
            break;
        }
    }
    found
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    /// After CREATE or ALTER, before the word that says what.
    Create,
    /// After PROCEDURE or FUNCTION, before its parameters' closing parenthesis.
    Parameters,
    /// After the parameters: what it returns, its characteristics.
    Characteristics,
    /// After TRIGGER, before FOR EACH ROW.
    Trigger,
    /// After FOR EACH ROW: FOLLOWS or PRECEDES may come.
    TriggerOrder,
    TriggerOrderName,
    /// After EVENT, before DO.
    Event,
    /// After PACKAGE, before its name's end.
    Package,
    /// After the word that a routine's body begins with, which is a label if `:` follows.
    VerbOrLabel,
    Body,
    /// The rest is one plain statement.
    Plain,
}

impl Mysql {
    pub(super) fn ends_at(&mut self, token: Token, text: &str) -> bool {
        let qualified = matches!(self.before_previous_symbol, b'.' | b'@');
        let word = match token.kind {
            // No keyword is longer; names can be, and there may be a million of them.
            TokenKind::Word if !qualified && text.len() <= 32 => text.to_ascii_uppercase(),
            _ => String::new(),
        };
        let symbol = match token.kind {
            TokenKind::Symbol(symbol) => symbol,
            _ => 0,
        };
        match symbol {
            b'(' => self.parentheses += 1,
            b')' => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        self.begins_inner =
            self.state == State::Body && self.blocks.is_at_start() && symbol != b';';
        let ends = match self.state {
            State::Body => self.blocks.ends_at(token, &word),
            _ if symbol == b';' => true,
            _ => {
                self.header(token, &word, symbol);
                false
            }
        };
        self.before_previous_symbol = symbol;
        self.previous = word;
        ends
    }

    fn header(&mut self, token: Token, word: &str, symbol: u8) {
        self.state = match self.state {
            State::Start => match word {
                "CREATE" | "ALTER" => State::Create,
                // MariaDB runs these outside of routines too. BEGIN alone begins a transaction.
                "BEGIN" => State::Start,
                "NOT" if self.previous == "BEGIN" => {
                    self.blocks = Blocks::begun();
                    State::Body
                }
                "IF" | "CASE" | "LOOP" | "WHILE" | "REPEAT" | "FOR" => {
                    return self.body(token, word);
                }
                _ => State::Plain,
            },
            State::Create => self.created(token, word, symbol),
            State::Parameters if symbol == b')' && self.parentheses == 0 => State::Characteristics,
            State::Characteristics => {
                if self.parentheses == 0 {
                    return self.characteristic(token, word, symbol);
                }
                State::Characteristics
            }
            State::VerbOrLabel if symbol == b':' => {
                self.blocks = Blocks::default();
                State::Body
            }
            State::VerbOrLabel => State::Plain,
            State::Trigger if word == "ROW" && self.previous == "EACH" => State::TriggerOrder,
            State::TriggerOrder if matches!(word, "FOLLOWS" | "PRECEDES") => {
                State::TriggerOrderName
            }
            State::TriggerOrder => return self.body(token, word),
            State::TriggerOrderName => {
                self.blocks = Blocks::default();
                State::Body
            }
            State::Event if word == "DO" => State::Body,
            State::Package if word != "BODY" => {
                self.blocks = Blocks::package();
                State::Body
            }
            state => state,
        };
    }

    fn created(&self, token: Token, word: &str, symbol: u8) -> State {
        match word {
            "OR" | "REPLACE" | "AGGREGATE" | "DEFINER" => State::Create,
            "PROCEDURE" | "FUNCTION" if self.before_previous_symbol != b'=' => State::Parameters,
            "TRIGGER" if self.before_previous_symbol != b'=' => State::Trigger,
            "EVENT" if self.before_previous_symbol != b'=' => State::Event,
            "PACKAGE" if self.before_previous_symbol != b'=' => State::Package,
            // What DEFINER names: 'user'@'host', user@host.name, CURRENT_USER().
            _ if matches!(symbol, b'=' | b'@' | b'.' | b'(' | b')') => State::Create,
            _ if matches!(self.before_previous_symbol, b'=' | b'@' | b'.') => State::Create,
            _ if token.is_string() || token.kind == TokenKind::QuotedName => State::Create,
            _ => State::Plain,
        }
    }

    /// Takes a token between a routine's parameters and its body.
    fn characteristic(&mut self, token: Token, word: &str, symbol: u8) {
        let is_type = matches!(self.previous.as_str(), "CHARACTER" | "CHAR" | "RETURNS");
        match word {
            "BEGIN" | "IF" | "CASE" | "LOOP" | "WHILE" | "REPEAT" | "FOR" => self.body(token, word),
            "RETURN" | "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "WITH" | "CALL"
            | "DO" | "CREATE" | "ALTER" | "DROP" | "TRUNCATE" | "RENAME" | "SIGNAL" => {
                self.plain_body();
            }
            "SET" if !is_type => self.plain_body(),
            _ if OTHER_VERBS.contains(&word) => {
                self.plain_body();
                self.state = State::VerbOrLabel;
            }
            // A label before the body.
            _ if symbol == b':' => {
                self.blocks = Blocks::default();
                self.state = State::Body;
            }
            _ => {}
        }
    }

    /// Notes that the body is one plain statement, which begins with this token.
    fn plain_body(&mut self) {
        self.state = State::Plain;
        self.begins_inner = true;
    }

    /// Takes the first token of the body.
    fn body(&mut self, token: Token, word: &str) {
        self.blocks = Blocks::default();
        self.state = State::Body;
        self.begins_inner = true;
        self.blocks.ends_at(token, word);
    }
}
