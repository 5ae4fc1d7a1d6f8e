//! What a tool sends to PostgreSQL together, as the transactions that come of it.
//!
//! Several statements in one message are one implicit transaction there, from the file's own COMMIT to the next; a
//! statement in a message of its own commits by itself. The runner runs each statement outside of a transaction
//! by itself, so what a tool sends together is framed by `BEGIN;` and `COMMIT;`, in the text for PostgreSQL alone:
//! on the other databases nobody can tell the difference. No line moves. Pure.

use super::{
    Layout,
    error::Problem,
    mark,
    statements::{Bad, each_statement},
    transactions::{Kind, blanks, kind},
};
use crate::{
    alteration::Dialect,
    sql::{Statement, refuses_transaction},
};
use std::ops::Range;

/// What a tool sends to the server in one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// Each statement, as the tool splits the text.
    Statements,
    /// Each piece: what stands up to a line that ends with `;`, or between two marks.
    Pieces,
    /// Each section of a file; `;` alone in a line stands between two.
    Sections,
    /// The text.
    Whole,
}

/// Returns what the tool of `layout` sends, in a transaction of its own and outside of one alike.
pub(super) fn sent(layout: Layout) -> Sent {
    match layout {
        Layout::Runner => Sent::Statements,
        // sqlx-postgres/src/migrate.rs, `apply` and `execute_migration`: the text to `execute`, which is a simple
        // query where there are no parameters; `no_tx` leaves the transaction out.
        Layout::Sqlx => Sent::Whole,
        // database/postgres/postgres.go, `Run`: the text to `runStatement`, and with `x-multi-statement` what
        // database/multistmt finds between two `;`: taken so where PostgreSQL would refuse the text as one message.
        // database/sqlite3/sqlite3.go, `executeQuery`: in a transaction.
        Layout::GolangMigrate => Sent::Whole,
        // diesel_migrations/src/file_based_migrations.rs, `run_sql_from_file`: `batch_execute` of the text.
        Layout::Diesel => Sent::Whole,
        // pkg/dbmate/db.go, `Migrate`: `Exec` of each section, by a transaction or by the connection.
        Layout::Dbmate => Sent::Sections,
        // internal/sqlparser/parser.go, `ParseSQLMigration` and `endsWithSemicolon`: each is given to `Exec`.
        Layout::Goose => Sent::Pieces,
        // flyway-core …/sqlscript/ParserSqlScript.java, `execute`: each statement by itself.
        Layout::Flyway => Sent::Statements,
        // refinery_core/src/drivers/tokio_postgres.rs, `execute`: a transaction, and `batch_execute` of the text.
        Layout::Refinery => Sent::Whole,
        // The adapter for `pg` parts the script at each `;`.
        Layout::Prisma => Sent::Statements,
        // drizzle-orm/src/pg-core/dialect.ts, `migrate`: what stands between two breakpoints, one by one.
        Layout::Drizzle => Sent::Statements,
        // pkg/migration/file.go: the statements of its own splitter, one by one.
        Layout::Supabase | Layout::Atlas => Sent::Statements,
        // D1 is SQLite.
        Layout::Wrangler => Sent::Whole,
        // migrate.go, `applyMigrations`: `Exec` of each statement that sqlparse/sqlparse.go finds.
        Layout::SqlMigrate => Sent::Statements,
        // psql reads the script, and sends statement by statement.
        Layout::Sqitch | Layout::Shmig => Sent::Statements,
        // `splitStatements` is true unless the changeset says otherwise.
        Layout::Liquibase => Sent::Statements,
        Layout::NodePgMigrate | Layout::DbMigrate | Layout::Postgrator => Sent::Whole,
        Layout::PostgresMigrations | Layout::GraphileMigrate | Layout::Umzug => Sent::Whole,
        Layout::NpmSqlite => Sent::Whole,
        // A section is one message.
        Layout::Rambler => Sent::Sections,
        Layout::Tern | Layout::Mybatis | Layout::Micrate => Sent::Statements,
    }
}

/// Returns whether the tool opens a transaction for what does not say otherwise.
pub(super) fn opens(layout: Layout) -> bool {
    !matches!(
        layout,
        Layout::GolangMigrate
            | Layout::Prisma
            | Layout::Sqitch
            | Layout::Shmig
            | Layout::Postgrator
            | Layout::Umzug
            | Layout::Rambler
    )
}

/// Returns how a file of `layout` says that it runs outside of a transaction, as the end of a sentence.
pub(super) fn way_out(layout: Layout) -> &'static str {
    match layout {
        Layout::Sqlx => "begin the file with `-- no-transaction`",
        Layout::Goose => "write `-- +goose NO TRANSACTION` at the top of the file",
        Layout::Dbmate => {
            "write `transaction:false` behind its mark, as in `-- migrate:up transaction:false`"
        }
        Layout::Diesel => "write `run_in_transaction = false` into a metadata.toml beside it",
        Layout::Flyway => {
            "write `executeInTransaction=false` into a file <script>.sql.conf beside it"
        }
        Layout::SqlMigrate => {
            "write `notransaction` behind its mark, as in `-- +migrate Up notransaction`"
        }
        Layout::Atlas => "write `-- atlas:txmode none` at the top of the file, and an empty line",
        Layout::Liquibase => "write `runInTransaction:false` into the changeset's line",
        Layout::GraphileMigrate => "write `--! no-transaction` at the top of the file",
        Layout::PostgresMigrations => {
            "write `-- postgres-migrations disable-transaction` at the top of the file"
        }
        Layout::Tern => "write `---- tern: disable-tx ----` at the top of the file",
        _ => "move it into a file `<id>.before-up.sql` of the runner's own layout",
    }
}

/// One statement of a text.
struct Sentence {
    kind: Option<Kind>,
    /// From its first token to its last.
    tokens: Range<usize>,
    /// Behind its `;`, if it has one.
    end: usize,
    /// What PostgreSQL calls it, where that refuses it in a transaction.
    refused: Option<String>,
}

/// Whose transaction is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    No,
    /// The tool's own, around the whole text.
    Tool,
    /// The implicit one of a message.
    Message,
    /// One that the text opens.
    File,
}

/// Returns the text for PostgreSQL with its transactions written out; `None` where it says them already. `wraps`: the
/// tool opens a transaction before it. An error is about a statement that the tool could not run.
pub(super) fn framed(
    text: &str,
    layout: Layout,
    sent: Sent,
    wraps: bool,
) -> Result<Option<String>, Bad> {
    let sentences = sentences(text)?;
    let mut frames = Frames { edits: Vec::new(), fresh: None };
    let mut open = Open::No;
    if let Some(first) = sentences.first().filter(|_| wraps) {
        frames.begin(first);
        open = Open::Tool;
    }
    for message in messages(text, &sentences, sent, |sentence| sentence.tokens.end) {
        let is_several = message.len() > 1;
        for sentence in message {
            let is_implicit = is_several && open == Open::No;
            if is_implicit && !matches!(sentence.kind, Some(Kind::Opens | Kind::OpensAt)) {
                frames.begin(sentence);
                open = Open::Message;
            }
            match &sentence.kind {
                Some(Kind::Opens | Kind::OpensAt) => {
                    if open != Open::No && !frames.replace() {
                        if sentence.kind == Some(Kind::OpensAt) {
                            return Err(transaction(text, sentence));
                        }
                        frames.blank(text, sentence);
                    }
                    open = Open::File;
                }
                Some(Kind::Commits) => open = Open::No,
                Some(Kind::Level) => {}
                Some(Kind::Other(_)) => return Err(transaction(text, sentence)),
                None => match &sentence.refused {
                    Some(what) if is_several => {
                        let what = what.clone();
                        return Err((
                            sentence.tokens.start,
                            Problem::SentTogether { what, layout },
                        ));
                    }
                    _ => frames.fresh = None,
                },
            }
        }
        if let (Open::Message, Some(last)) = (open, message.last()) {
            frames.commit(text, last);
            open = Open::No;
        }
    }
    let is_open = open == Open::Tool || open == Open::File && wraps;
    if let Some(last) = sentences.last().filter(|_| is_open) {
        frames.commit(text, last);
    }
    Ok(frames.apply(text))
}

fn transaction(text: &str, sentence: &Sentence) -> Bad {
    let words = text[sentence.tokens.clone()].to_owned();
    (sentence.tokens.start, Problem::Transaction(words))
}

fn sentences(text: &str) -> Result<Vec<Sentence>, Bad> {
    let mut sentences = Vec::new();
    each_statement(text, Dialect::Postgresql, |start, statement| {
        let tokens = tokens(start, statement);
        let rest = &text[tokens.end..];
        let blank = rest.len() - rest.trim_start().len();
        // A comment may stand before it; then the COMMIT stands before that.
        let is_terminated = rest[blank..].starts_with(';');
        sentences.push(Sentence {
            kind: kind(statement),
            end: if is_terminated { tokens.end + blank + 1 } else { tokens.end },
            tokens,
            refused: refuses_transaction(statement),
        });
        Ok(())
    })?;
    Ok(sentences)
}

/// Returns the range from the first token of a statement to its last, where its text begins at `start`.
pub(super) fn tokens(start: usize, statement: &Statement<'_>) -> Range<usize> {
    let first = statement.tokens().first().map_or(0, |token| token.range().start);
    let last = statement.tokens().last().map_or(0, |token| token.range().end);
    start + first..start + last
}

/// Returns the statements that go together. `end`: where the tokens of one end.
pub(super) fn messages<'a, T>(
    text: &str,
    sentences: &'a [T],
    sent: Sent,
    end: impl Fn(&T) -> usize,
) -> Vec<&'a [T]> {
    match sent {
        Sent::Whole => vec![sentences],
        Sent::Statements => sentences.chunks(1).collect(),
        Sent::Pieces | Sent::Sections => {
            let ends = match sent {
                Sent::Pieces => piece_ends(text),
                _ => section_ends(text),
            };
            let piece = |sentence: &T| ends.partition_point(|at| *at < end(sentence));
            sentences.chunk_by(|left, right| piece(left) == piece(right)).collect()
        }
    }
}

/// Returns where goose's pieces end.
fn piece_ends(text: &str) -> Vec<usize> {
    let (mut ends, mut in_block) = (Vec::new(), false);
    for line in mark::lines(text) {
        let comment = mark::comment(line.text).and_then(|comment| comment.strip_prefix("+goose"));
        let comment = comment.map(str::trim).unwrap_or_default();
        if comment.eq_ignore_ascii_case("StatementBegin") {
            in_block = true;
        } else if comment.eq_ignore_ascii_case("StatementEnd") {
            in_block = false;
            ends.push(line.range.end);
        } else if !in_block {
            let words = line.text.split_whitespace().take_while(|word| !word.starts_with("--"));
            if words.last().is_some_and(|word| word.ends_with(';')) {
                ends.push(line.range.end);
            }
        }
    }
    ends
}

/// Returns where the sections of a file end.
fn section_ends(text: &str) -> Vec<usize> {
    let ends = mark::lines(text).filter(|line| line.text == ";");
    ends.map(|line| line.range.start).collect()
}

/// What is written into a text.
struct Frames {
    edits: Vec<(Range<usize>, String)>,
    /// The BEGIN that was written last, as long as no statement came after it.
    fresh: Option<usize>,
}

impl Frames {
    fn begin(&mut self, sentence: &Sentence) {
        self.fresh = Some(self.edits.len());
        let at = sentence.tokens.start;
        self.edits.push((at..at, "BEGIN; ".to_owned()));
    }

    /// Leaves the BEGIN that was just written to the text's own.
    fn replace(&mut self) -> bool {
        let Some(at) = self.fresh.take() else { return false };
        self.edits.remove(at);
        true
    }

    fn blank(&mut self, text: &str, sentence: &Sentence) {
        let range = sentence.tokens.clone();
        self.edits.push((range.clone(), blanks(&text[range])));
    }

    fn commit(&mut self, text: &str, sentence: &Sentence) {
        let at = sentence.end;
        let commit = if text[..at].ends_with(';') { " COMMIT;" } else { "; COMMIT;" };
        self.edits.push((at..at, commit.to_owned()));
    }

    fn apply(self, text: &str) -> Option<String> {
        if self.edits.is_empty() {
            return None;
        }
        let mut text = text.to_owned();
        for (range, with) in self.edits.into_iter().rev() {
            text.replace_range(range, &with);
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_together() {
        use Sent::{Pieces, Sections, Statements, Whole};
        let table: [(&str, Sent, bool, Option<&str>); 17] = [
            ("A;\nB;", Statements, false, None),
            ("A", Whole, false, None),
            ("A;\nB -- x", Whole, false, Some("BEGIN; A;\nB; COMMIT; -- x")),
            ("-- x\nA;\nB;\n", Whole, false, Some("-- x\nBEGIN; A;\nB; COMMIT;\n")),
            ("BEGIN;\nA;\nCOMMIT;\nBEGIN; B; COMMIT;", Whole, false, None),
            (
                "A;\nBEGIN;\nB;\nCOMMIT;\nC;\nD;\n",
                Whole,
                false,
                Some("BEGIN; A;\n     ;\nB;\nCOMMIT;\nBEGIN; C;\nD; COMMIT;\n"),
            ),
            ("A;\nBEGIN;\nB;\nCOMMIT;\nC;\nD;\n", Statements, false, None),
            (
                "A;\nBEGIN;\nB;\nCOMMIT;\nC;\nD;\n",
                Statements,
                true,
                Some("BEGIN; A;\n     ;\nB;\nCOMMIT;\nC;\nD;\n"),
            ),
            ("BEGIN;\nA;\nCOMMIT;\nB", Statements, true, None),
            (
                "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nA;\nB;",
                Statements,
                true,
                Some("BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nA;\nB; COMMIT;"),
            ),
            ("BEGIN ISOLATION LEVEL SERIALIZABLE;\nA;\nB; COMMIT;", Whole, true, None),
            ("A; B;\nC;\n", Pieces, false, Some("BEGIN; A; B; COMMIT;\nC;\n")),
            (
                "-- +goose StatementBegin\nA;\nB;\n-- +goose StatementEnd\nC\n ; -- x\nD;",
                Pieces,
                false,
                Some(
                    "-- +goose StatementBegin\nBEGIN; A;\nB; COMMIT;\n-- +goose StatementEnd\nC\n ; -- x\nD;",
                ),
            ),
            ("BEGIN;\nA; B;\nCOMMIT;\n", Pieces, false, None),
            ("VACUUM;", Whole, false, None),
            ("A\n;\nB; C\n", Sections, false, Some("A\n;\nBEGIN; B; C; COMMIT;\n")),
            ("VACUUM\n;\nVACUUM\n", Sections, false, None),
        ];
        for (text, sent, wraps, expected) in table {
            let seen = framed(text, Layout::Sqlx, sent, wraps).unwrap();
            assert_eq!(seen.as_deref(), expected, "{sent:?}, {wraps}: {text}");
        }
    }

    #[test]
    fn what_the_tool_cannot_run() {
        let two = "CREATE INDEX CONCURRENTLY i ON t (x);\nCREATE INDEX CONCURRENTLY j ON t (y);";
        let (at, problem) = framed(two, Layout::Sqlx, Sent::Whole, false).unwrap_err();
        assert_eq!(at, 0);
        let message = problem.to_string();
        assert!(message.contains("CREATE INDEX CONCURRENTLY") && message.contains("sqlx"));
        assert_eq!(framed(two, Layout::Goose, Sent::Pieces, false), Ok(None));
        let late = "A; BEGIN ISOLATION LEVEL SERIALIZABLE; B; COMMIT;";
        let (at, _) = framed(late, Layout::Sqlx, Sent::Whole, false).unwrap_err();
        assert_eq!(at, 3);
    }
}
