//! MySQL and MariaDB: which statements have a body, and where in them it begins.
//!
//! The body itself is read by `blocks`.

use super::blocks::Blocks;
use crate::sql::token::{Token, TokenKind};

#[derive(Debug, Default)]
pub(super) struct Mysql {
    state: State,
    parentheses: usize,
    /// The word before, in upper case; empty when it was anything else.
    previous: String,
    before_previous_symbol: u8,
    blocks: Blocks,
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

    /// A token between a routine's parameters and its body.
    fn characteristic(&mut self, token: Token, word: &str, symbol: u8) {
        let is_type = matches!(self.previous.as_str(), "CHARACTER" | "CHAR" | "RETURNS");
        match word {
            "BEGIN" | "IF" | "CASE" | "LOOP" | "WHILE" | "REPEAT" | "FOR" => self.body(token, word),
            "RETURN" | "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "WITH" | "CALL"
            | "DO" | "CREATE" | "ALTER" | "DROP" | "TRUNCATE" | "RENAME" | "SIGNAL" => {
                self.state = State::Plain;
            }
            "SET" if !is_type => self.state = State::Plain,
            // A label before the body.
            _ if symbol == b':' => {
                self.blocks = Blocks::default();
                self.state = State::Body;
            }
            _ => {}
        }
    }

    /// The body begins with this token.
    fn body(&mut self, token: Token, word: &str) {
        self.blocks = Blocks::default();
        self.state = State::Body;
        self.blocks.ends_at(token, word);
    }
}
