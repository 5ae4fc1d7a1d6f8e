//! The blocks of a compound statement of MySQL and MariaDB: what is open, and what `;` ends.
//!
//! Most of the words that open a block are functions, parts of other statements or plain names
//! as well. They open one only where a statement can begin, and only there END closes one.

use crate::token::{Token, TokenKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    /// BEGIN, LOOP, IF and CASE as statements: statements, up to END.
    Statements,
    /// WHILE and FOR, before DO.
    LoopHeader,
    /// REPEAT: statements, up to UNTIL.
    Repeat,
    /// After UNTIL: an expression, up to END.
    Until,
    /// CASE inside an expression. Never holds a `;`.
    Expression,
    /// A package: routines, each with a header of its own.
    Package,
}

/// Where in a statement of the body the reader is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A statement can begin here.
    #[default]
    Start,
    /// After the first word, which is a label if `:` follows.
    FirstWord,
    Inside,
    /// After BEGIN: NOT ATOMIC may follow, else a statement begins.
    AfterBegin,
    /// In DECLARE, before and after the word HANDLER.
    Declare,
    Handler,
    /// The conditions of a handler: before one, and after a complete one.
    Condition,
    AfterCondition,
    /// After END: the block's kind or its label may follow.
    AfterEnd,
    /// In a routine of a package, before its BEGIN.
    Routine,
}

#[derive(Debug, Default)]
pub(super) struct Blocks {
    open: Vec<Block>,
    place: Place,
}

impl Blocks {
    /// Makes the state after the word BEGIN.
    pub(super) fn begun() -> Self {
        Self { open: vec![Block::Statements], place: Place::AfterBegin }
    }

    pub(super) fn package() -> Self {
        Self { open: vec![Block::Package], place: Place::Start }
    }

    /// Returns whether `token` is the `;` that ends the whole. `word` is it in upper case, or empty when
    /// it is no keyword for certain.
    pub(super) fn ends_at(&mut self, token: Token, word: &str) -> bool {
        if token.is_symbol(b';') {
            while self.top() == Some(Block::Expression) {
                self.open.pop();
            }
            self.place = Place::Start;
            return self.open.is_empty();
        }
        self.place = match self.place {
            Place::AfterBegin if matches!(word, "NOT" | "ATOMIC") => Place::AfterBegin,
            Place::Start | Place::AfterBegin => self.first(token, word),
            Place::FirstWord if token.is_symbol(b':') => Place::Start,
            Place::AfterCondition if token.is_symbol(b',') => Place::Condition,
            Place::AfterCondition => self.first(token, word),
            Place::Condition if matches!(word, "NOT" | "SQLSTATE" | "VALUE") => Place::Condition,
            Place::Condition => Place::AfterCondition,
            Place::Declare if word == "HANDLER" => Place::Handler,
            Place::Handler if word == "FOR" => Place::Condition,
            Place::Routine if word == "BEGIN" => self.first(token, word),
            // END CASE closes, and CASE does not open again.
            Place::AfterEnd => Place::Inside,
            place @ (Place::Declare | Place::Routine | Place::Handler) => place,
            Place::FirstWord | Place::Inside => self.inside(word),
        };
        false
    }

    /// Returns whether the next token begins a statement of the body.
    pub(super) fn is_at_start(&self) -> bool {
        matches!(self.place, Place::Start | Place::AfterBegin | Place::AfterCondition)
    }

    /// Returns how many blocks are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    fn top(&self) -> Option<Block> {
        self.open.last().copied()
    }

    /// Takes a token where a statement can begin.
    fn first(&mut self, token: Token, word: &str) -> Place {
        match word {
            "BEGIN" => self.opened(Block::Statements, Place::AfterBegin),
            "LOOP" => self.opened(Block::Statements, Place::Start),
            "REPEAT" => self.opened(Block::Repeat, Place::Start),
            "IF" | "CASE" => self.opened(Block::Statements, Place::Inside),
            "WHILE" | "FOR" => self.opened(Block::LoopHeader, Place::Inside),
            "END" => {
                self.open.pop();
                Place::AfterEnd
            }
            "ELSE" => Place::Start,
            "UNTIL" if self.top() == Some(Block::Repeat) => {
                self.open.pop();
                self.opened(Block::Until, Place::Inside)
            }
            "DECLARE" => Place::Declare,
            "PROCEDURE" | "FUNCTION" if self.top() == Some(Block::Package) => Place::Routine,
            _ if matches!(token.kind, TokenKind::Word | TokenKind::QuotedName) => Place::FirstWord,
            _ => Place::Inside,
        }
    }

    /// Takes a token after the first one of a statement.
    fn inside(&mut self, word: &str) -> Place {
        match (word, self.top()) {
            ("CASE", _) => self.opened(Block::Expression, Place::Inside),
            ("END", Some(Block::Expression)) => {
                self.open.pop();
                Place::Inside
            }
            ("END", Some(Block::Until)) => {
                self.open.pop();
                Place::AfterEnd
            }
            ("THEN" | "ELSE", top) if top != Some(Block::Expression) => Place::Start,
            ("DO", Some(Block::LoopHeader)) => {
                self.open.pop();
                self.opened(Block::Statements, Place::Start)
            }
            _ => Place::Inside,
        }
    }

    fn opened(&mut self, block: Block, then: Place) -> Place {
        self.open.push(block);
        then
    }
}
