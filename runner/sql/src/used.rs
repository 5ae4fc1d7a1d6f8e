//! What names and strings of a PostgreSQL statement are used as: which tables it reaches, which functions it calls.
//!
//! A name can be a table's, a column's or an alias's, a string a value or code. Told apart by the words before them, as
//! the grammar has them; what is not surely harmless counts. Statements that hold code are not for this.

use super::{
    bodies::{self, Part},
    names::runs,
    own,
    token::TokenKind,
    view::View,
};
use std::collections::BTreeSet;

/// Words behind which a name is a table's, or another thing's of the database.
const RELATIONS: [&str; 17] = [
    "FROM",
    "JOIN",
    "INTO",
    "UPDATE",
    "TABLE",
    "ONLY",
    "USING",
    "REFERENCES",
    "LATERAL",
    "EXISTS",
    "TO",
    "OF",
    "INHERITS",
    "ON",
    "VIEW",
    "FUNCTION",
    "FOR",
];

/// Words that begin an expression and end a list of tables. Each is reserved: none can be an alias in that list.
const ENDS: [&str; 8] =
    ["SELECT", "WHERE", "HAVING", "GROUP", "ORDER", "RETURNING", "LIMIT", "OFFSET"];

/// Further words that are no names, whose parentheses hold no arguments.
const WORDS: [&str; 27] = [
    "SET", "VALUES", "BY", "WHEN", "THEN", "ELSE", "CASE", "AND", "OR", "NOT", "CHECK", "DISTINCT",
    "IS", "IN", "BETWEEN", "ADD", "ALTER", "ENUM", "ANY", "ALL", "SOME", "ARRAY", "KEY", "UNIQUE",
    "CONFLICT", "LIKE", "AS",
];

/// The bytes of the shortest of the runner's names.
const SHORTEST: usize = "alteration_run".len();

/// What a name stands in: a parenthesis, or the statement itself.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// In an expression or among columns: a name that stands free is a column's.
    is_value: bool,
    /// In a list of tables, which goes on behind a comma.
    lists_tables: bool,
    /// Between the parentheses of CREATE TABLE, where an element begins with its column.
    defines: bool,
    /// The last word that decided.
    word: &'static str,
    /// Directly in the arguments of a function.
    is_call: bool,
    /// Whether the arguments of a function are around.
    in_call: bool,
}

/// Returns the runner's table that the statement reaches, or that a string could make it reach.
pub(super) fn own_table(view: View<'_>) -> Option<&'static str> {
    let mut found = None;
    walk(view, |index, place| {
        if found.is_some() {
            return;
        }
        if view.tokens[index].is_string() {
            // What stands side by side is looked at once.
            if index > 0 && view.tokens[index - 1].is_string() {
                return;
            }
            found = own_in_string(view, index).filter(|_| place.in_call || is_cast(view, index));
        } else if view.text_at(index).len() >= SHORTEST
            && let Some(own) = view.name(index).as_deref().and_then(own::own_table)
            && !is_harmless(view, index, place)
        {
            found = Some(own);
        }
    });
    found
}

/// Returns whether a name cannot be that of anything in the database but a column.
fn is_harmless(view: View<'_>, index: usize, place: Place) -> bool {
    let Some(before) = index.checked_sub(1) else { return false };
    if view.starts_with(&["COMMENT", "ON", "COLUMN"]) {
        return view.is_symbol(before, b'.') && !view.is_symbol(index + 1, b'.');
    }
    if view.starts_with(&["ALTER", "TABLE"]) && is_altered_column(view, index) {
        return true;
    }
    if place.defines {
        return view.is_symbol(before, b'(') || view.is_symbol(before, b',');
    }
    if view.is(before, "AS") {
        // In CAST and the like a type follows.
        return (place.is_value || place.lists_tables) && !place.is_call;
    }
    // Behind a name or `::` stands a type, before a string too.
    let is_type = class(view, before) == Class::Name
        || view.is_symbol(before, b':')
        || view.tokens.get(index + 1).is_some_and(|token| token.is_string());
    place.is_value && !is_type
}

/// ADD, DROP, ALTER and RENAME COLUMN.
fn is_altered_column(view: View<'_>, index: usize) -> bool {
    let mut before = index - 1;
    while before > 3 && view.is_any(before, &["IF", "NOT", "EXISTS"]) {
        before -= 1;
    }
    let is_renamed = view.is(index - 1, "TO")
        && index > 5
        && view.is(index - 3, "COLUMN")
        && !view.is_symbol(index - 4, b'.');
    is_renamed || before >= 3 && view.is_any(before, &["COLUMN", "ADD", "DROP", "ALTER"])
}

/// Returns whether columns and tables are distinguished in it; in all other statements each name counts.
fn is_told_apart(view: View<'_>) -> bool {
    let starts = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES"];
    if starts.contains(&&*view.verb()) || view.starts_with(&["ALTER", "TABLE"]) {
        return true;
    }
    let noise = [
        "OR",
        "REPLACE",
        "GLOBAL",
        "LOCAL",
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "RECURSIVE",
        "MATERIALIZED",
    ];
    let kind = (1..view.tokens.len()).find(|index| !view.is_any(*index, &noise));
    is_index(view)
        || view.is(0, "CREATE") && kind.is_some_and(|kind| view.is_any(kind, &["TABLE", "VIEW"]))
}

/// Returns where the columns of CREATE TABLE open, directly behind its name.
fn definitions(view: View<'_>) -> Option<usize> {
    let table =
        view.is(0, "CREATE").then(|| view.find(1, "TABLE")).flatten().filter(|at| *at <= 3)?;
    let mut at = table + 1;
    at += if view.from(at).starts_with(&["IF", "NOT", "EXISTS"]) { 3 } else { 0 };
    while view.is_symbol(at + 1, b'.') {
        at += 2;
    }
    view.is_symbol(at + 1, b'(').then_some(at + 1)
}

/// The names, in lower case, of the functions that the statement and the code in it call, or could.
pub(super) fn called(view: View<'_>) -> BTreeSet<String> {
    let mut called = BTreeSet::new();
    let (kinds, routines) = (
        [
            "OPERATOR",
            "AGGREGATE",
            "EXTENSION",
            "CAST",
            "FOREIGN",
            "SERVER",
            "CONVERSION",
            "LANGUAGE",
            "ACCESS",
            "TEXT",
        ],
        ["FUNCTION", "ROUTINE", "PROCEDURE", "EXTENSION"],
    );
    let says_names = view.is(0, "CREATE") && (1..4).any(|index| view.is_any(index, &kinds))
        || view.is(0, "ALTER") && view.is_any(1, &routines);
    bodies::visit(view, &mut |part| match part {
        Part::Statement(view) if view.is_any(0, &["GRANT", "REVOKE", "COMMENT"]) => {}
        Part::Statement(view) | Part::Body(view) => {
            let indexed = indexed(view);
            // `CREATE TYPE … (INPUT = f)`
            let is_set = |index: usize| {
                view.starts_with(&["CREATE", "TYPE"])
                    && index > 0
                    && view.is_symbol(index - 1, b'=')
            };
            let is_called =
                |index: &usize| says_names || is_called(view, *index, indexed) || is_set(*index);
            let names = (0..view.tokens.len()).filter(is_called);
            called.extend(names.filter_map(|index| view.name(index)));
        }
        Part::Unread(text) => called.extend(runs(text).map(str::to_owned)),
    });
    called.into_iter().map(|name| name.to_ascii_lowercase()).collect()
}

/// Returns the arguments behind the name at `index`: where their parenthesis opens.
pub(super) fn arguments(view: View<'_>, index: usize) -> Option<usize> {
    let is_escaped = view.tokens.get(index)?.kind == TokenKind::QuotedName
        && view.is(index + 1, "UESCAPE")
        && view.tokens.get(index + 2).is_some_and(|token| token.is_string());
    let at = if is_escaped { index + 3 } else { index + 1 };
    view.is_symbol(at, b'(').then_some(at)
}

fn is_index(view: View<'_>) -> bool {
    view.starts_with(&["CREATE", "INDEX"]) || view.starts_with(&["CREATE", "UNIQUE", "INDEX"])
}

/// Returns the word of CREATE INDEX behind which the table stands, whose columns follow it.
fn indexed(view: View<'_>) -> Option<usize> {
    let on = is_index(view).then(|| view.find(1, "ON")).flatten()?;
    Some(if view.is(on + 1, "ONLY") { on + 1 } else { on })
}

fn is_called(view: View<'_>, index: usize, indexed: Option<usize>) -> bool {
    if arguments(view, index).is_none() {
        return false;
    }
    let mut first = index;
    while first >= 2 && view.is_symbol(first - 1, b'.') {
        first -= 2;
    }
    let Some(before) = first.checked_sub(1) else { return true };
    let named = ["INTO", "TABLE", "EXISTS", "REFERENCES", "VIEW", "WITH", "RECURSIVE"];
    !(view.is_any(before, &named) || indexed == Some(before))
}

/// What a token is, as far as it decides what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Relation(&'static str),
    End(&'static str),
    Word(&'static str),
    /// Any other word, or a name in quotes.
    Name,
    Other,
}

fn class(view: View<'_>, index: usize) -> Class {
    /// Longer than any word of the lists.
    const LENGTH: usize = 16;
    let text = view.text_at(index);
    match view.tokens[index].kind {
        TokenKind::QuotedName => Class::Name,
        TokenKind::Word if text.len() >= LENGTH || !text.is_ascii() => Class::Name,
        // Behind a dot any word is a name.
        TokenKind::Word if index > 0 && view.is_symbol(index - 1, b'.') => Class::Name,
        TokenKind::Word => {
            let mut upper = [0; LENGTH];
            let upper = &mut upper[..text.len()];
            upper.copy_from_slice(text.as_bytes());
            upper.make_ascii_uppercase();
            let find = |words: &[&'static str]| {
                words.iter().copied().find(|word| word.as_bytes() == &*upper)
            };
            let relation = find(&RELATIONS).map(Class::Relation);
            relation
                .or_else(|| find(&ENDS).map(Class::End))
                .or_else(|| find(&WORDS).map(Class::Word))
                .unwrap_or(Class::Name)
        }
        _ => Class::Other,
    }
}

/// Shows `seen` each name and string, and where it stands.
fn walk(view: View<'_>, mut seen: impl FnMut(usize, Place)) {
    let told_apart = is_told_apart(view);
    let definitions = definitions(view);
    let mut place = Place::default();
    let mut outer = Vec::new();
    for index in 0..view.tokens.len() {
        let class = class(view, index);
        match class {
            Class::Relation("FROM") if is_distinct_from(view, index) => {}
            Class::Relation("ON") if is_index(view) && outer.is_empty() => place.word = "INDEXED",
            Class::Relation("ON") if place.lists_tables => {
                place = Place { is_value: told_apart, word: "ON", ..place };
            }
            Class::Relation("ONLY" | "USING") if place.word == "INDEXED" => {}
            Class::Relation(word) => {
                let lists_tables = match word {
                    "FROM" | "JOIN" | "USING" => true,
                    "UPDATE" if begins_update(view, index, place) => false,
                    _ => place.lists_tables,
                };
                place = Place { is_value: false, lists_tables, word, ..place };
            }
            Class::End("RETURNING") if place.is_call => place.is_value = false,
            Class::End(word) => {
                place = Place { is_value: told_apart, lists_tables: false, word, ..place };
            }
            Class::Word("SET") if place.word == "UPDATE" && !place.lists_tables => {
                place = Place { is_value: told_apart, word: "SET", ..place };
            }
            Class::Other if view.is_symbol(index, b'(') => {
                outer.push(place);
                place = within(view, index, place, told_apart, definitions);
            }
            Class::Other if view.is_symbol(index, b')') => place = outer.pop().unwrap_or_default(),
            Class::Other if view.is_symbol(index, b',') && place.lists_tables => {
                place = Place { is_value: false, word: "FROM", ..place };
            }
            Class::Other if view.is_symbol(index, b';') => place = Place::default(),
            Class::Name | Class::Word(_) | Class::Other => seen(index, place),
        }
    }
}

/// Returns the place behind the parenthesis that opens at `index`.
fn within(
    view: View<'_>,
    index: usize,
    around: Place,
    told_apart: bool,
    definitions: Option<usize>,
) -> Place {
    let Some(before) = index.checked_sub(1) else { return Place::default() };
    let is_name = class(view, before) == Class::Name;
    let is_behind = |word: &str| before > 0 && view.is(before - 1, word);
    let is_listed = view.is_any(before, &["CHECK", "UNIQUE", "VALUES", "IN"])
        || view.is(before, "KEY") && (is_behind("PRIMARY") || is_behind("FOREIGN"))
        || view.is(before, "CONFLICT") && is_behind("ON")
        || view.is(before, "AS") && around.defines;
    let has_columns = is_name
        && !around.is_value
        && !around.lists_tables
        && ["INTO", "REFERENCES", "VIEW", "INDEXED"].contains(&around.word);
    let defines = definitions == Some(index);
    let is_value = around.is_value || is_listed || has_columns || is_name && around.lists_tables;
    let is_call = is_name && !defines && !has_columns;
    Place {
        is_value: is_value && told_apart && !defines,
        lists_tables: !is_value && !defines,
        defines,
        word: "",
        is_call,
        in_call: around.in_call || is_call,
    }
}

/// `IS [NOT] DISTINCT FROM`, and not an alias `distinct` before FROM.
fn is_distinct_from(view: View<'_>, index: usize) -> bool {
    let words = |first: &[&str]| {
        index > first.len()
            && view.from(index - first.len()).starts_with(first)
            && !view.is_symbol(index - first.len() - 1, b'.')
            && !view.is(index - first.len() - 1, "AS")
    };
    words(&["IS", "DISTINCT"]) || words(&["IS", "NOT", "DISTINCT"])
}

/// Returns whether UPDATE is the verb here, and not a name in a list of tables.
fn begins_update(view: View<'_>, index: usize, place: Place) -> bool {
    let Some(before) = index.checked_sub(1) else { return true };
    view.is_any(before, &["DO", "THEN"])
        || view.is_symbol(before, b'(')
        || view.is_symbol(before, b')') && !place.lists_tables
}

/// Returns the runner's table in the strings that begin at `index`; those side by side are one to the server.
fn own_in_string(view: View<'_>, index: usize) -> Option<&'static str> {
    let is_string = |at: &usize| view.tokens.get(*at).is_some_and(|token| token.is_string());
    let joined: String = (index..).take_while(is_string).filter_map(|at| view.string(at)).collect();
    runs(&joined).find_map(own::own_table)
}

/// Returns whether a string is read as the name of something in the database.
fn is_cast(view: View<'_>, index: usize) -> bool {
    let is_string = |at: &usize| view.tokens.get(*at).is_some_and(|token| token.is_string());
    let end = (index..).find(|at| !is_string(at)).unwrap_or(index);
    let is_registered = |at: usize| view.name(at).is_some_and(|name| name.starts_with("reg"));
    let mut at = end;
    let mut casts = false;
    while view.is_symbol(at, b':') && view.is_symbol(at + 1, b':') {
        let qualified = usize::from(view.is_symbol(at + 3, b'.')) * 2;
        casts |= is_registered(at + 2 + qualified);
        at += 3 + qualified;
    }
    casts || index > 0 && is_registered(index - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Statement, alteration::Dialect};

    #[test]
    fn a_name_is_a_tables_or_it_is_not() {
        let table = [
            (
                "SELECT alteration_state FROM notes AS alteration_run WHERE alteration_run.x = 1",
                false,
            ),
            (
                "CREATE TABLE public.notes (alteration_state text DEFAULT 'alteration_run'::text, y int)",
                false,
            ),
            ("CREATE TABLE IF NOT EXISTS notes (alteration_state text)", false),
            ("CREATE INDEX i ON public.notes USING btree (alteration_state)", false),
            ("CREATE INDEX ON notes (alteration_state, lower(x))", false),
            (
                "ALTER TABLE notes ADD COLUMN alteration_state int, DROP COLUMN alteration_run",
                false,
            ),
            ("ALTER TABLE notes RENAME COLUMN x TO alteration_state", false),
            (
                "INSERT INTO notes (id, alteration_state) VALUES ('alteration_state', 'a'), ('x', 'alteration_run')",
                false,
            ),
            (
                "INSERT INTO notes (alteration_state) VALUES (1) ON CONFLICT (alteration_state) DO UPDATE SET alteration_state = 2",
                false,
            ),
            (
                "UPDATE notes SET alteration_state = 'alteration_state' WHERE notes.alteration_state = 1",
                false,
            ),
            ("COMMENT ON TABLE notes IS 'beside alteration_state'", false),
            ("COMMENT ON COLUMN notes.alteration_state IS 'x'", false),
            ("CREATE TYPE kind AS ENUM ('alteration_state')", false),
            ("CREATE TABLE t (k text CHECK (k IN ('alteration_state', 'b')))", false),
            (
                "CREATE TRIGGER t AFTER UPDATE OF alteration_state ON notes FOR EACH ROW EXECUTE FUNCTION f()",
                true,
            ),
            ("SELECT a FROM t WHERE x IS DISTINCT FROM alteration_state", false),
            ("SELECT 'delete from alteration_state'", false),
            ("INSERT INTO t VALUES ($$ alteration_state $$)", false),
            ("SELECT 1 FROM a, alteration_state", true),
            ("SELECT 1 FROM (a JOIN x.alteration_state USING (id))", true),
            ("SELECT (SELECT 1 FROM alteration_state)", true),
            ("SELECT * FROM unnest(ARRAY[1]) AS u (alteration_run), alteration_state", true),
            ("WITH d AS (DELETE FROM alteration_state RETURNING 1) SELECT * FROM d", true),
            ("TABLE alteration_state", true),
            ("DROP TABLE a, \"alteration_state\"", true),
            ("TRUNCATE a, alteration_state", true),
            ("LOCK alteration_state", true),
            ("GRANT SELECT ON a, alteration_state TO b", true),
            ("ALTER TABLE a RENAME TO alteration_state", true),
            ("ALTER TABLE alteration_state ADD COLUMN x int", true),
            ("CREATE TABLE a (LIKE alteration_state)", true),
            ("CREATE TABLE a () INHERITS (alteration_state)", true),
            ("CREATE TABLE a (x text REFERENCES alteration_state (plugin))", true),
            ("CREATE TABLE a PARTITION OF alteration_state DEFAULT", true),
            ("CREATE TRIGGER t AFTER INSERT ON alteration_state EXECUTE FUNCTION f()", true),
            ("CREATE INDEX i ON alteration_state (id)", true),
            ("CREATE RULE r AS ON INSERT TO a DO DELETE FROM alteration_state", true),
            ("COMMENT ON COLUMN alteration_state.id IS 'x'", true),
            ("UPDATE ONLY (alteration_state) SET x = 1", true),
            ("MERGE INTO alteration_state USING x ON true WHEN MATCHED THEN DELETE", true),
            ("REINDEX INDEX alteration_state_pkey", true),
            ("VACUUM alteration_state", true),
            ("SELECT 'alteration_state'::regclass", true),
            ("SELECT 'alteration_state'::text::pg_catalog.regclass", true),
            ("SELECT regclass 'alteration_state'", true),
            ("SELECT CAST('alteration_state' AS regclass)", true),
            ("SELECT nextval('alteration_history_id_seq')", true),
            ("SELECT * FROM query_to_xml('delete from alteration_state', true, true, '')", true),
            ("SELECT f(('alteration_state'))", true),
            ("SELECT f('alteration_'\n'state')", true),
            ("CALL p('alteration_state')", true),
            ("SELECT 1 FROM t a JOIN t b ON a.alteration_state = b.alteration_state", false),
            ("SELECT a FROM t AS x, u AS alteration_run WHERE x.alteration_state > 1", false),
            (
                "INSERT INTO leak SELECT s.bytes FROM t a JOIN t b ON true, alteration_archive s",
                true,
            ),
            (
                "WITH x AS (SELECT 1 FROM t JOIN t b ON true, alteration_state s FOR UPDATE OF s) SELECT 1 FROM x",
                true,
            ),
            ("SELECT 1 FROM t a JOIN t b ON true, alteration_state FOR UPDATE", true),
            ("SELECT 1 FROM t a JOIN t b ON a.x AND b.y OR a.z IN (1), s.alteration_state", true),
            ("SELECT 1 FROM t a JOIN t b ON a.where, alteration_state", true),
            ("SELECT 1 FROM s.select, alteration_state", true),
            ("SELECT 1 FROM t set, alteration_state", true),
            ("SELECT 1 FROM update set, alteration_state", true),
            ("SELECT 1 FROM t values, alteration_state", true),
            ("SELECT 1 FROM t by, alteration_state", true),
            ("SELECT 1 distinct FROM alteration_state", true),
            ("SELECT 1 AS distinct FROM alteration_state", true),
            ("SELECT x.is distinct FROM alteration_state", true),
            ("SELECT 1 FROM (a JOIN b USING (id)), alteration_state", true),
            ("SELECT 1 FROM a JOIN b USING (id), alteration_state", true),
            ("SELECT 1 FROM a, (b CROSS JOIN alteration_state)", true),
            ("SELECT 1 FROM a, LATERAL (SELECT 1 FROM b, alteration_state) x", true),
            ("SELECT 1 FROM ROWS FROM (f(1), g(2)) AS x, alteration_state", true),
            ("SELECT 1 FROM f(1) WITH ORDINALITY AS x (a, b), alteration_state", true),
            ("SELECT 1 WHERE EXISTS (TABLE alteration_state)", true),
            ("SELECT (TABLE ONLY alteration_state)", true),
            ("SELECT 1 UNION ALL (TABLE alteration_state)", true),
            ("SELECT 1 FROM U&\"!0061lteration_state\" UESCAPE '!'", true),
            ("SELECT 1 FROM t JOIN b ON true, \"alteration_state\"", true),
            ("WITH alteration_state AS (SELECT 1) SELECT 1 FROM alteration_state", true),
            ("UPDATE t SET x = 1 FROM a JOIN b ON true, alteration_state", true),
            ("DELETE FROM t USING a JOIN b ON true, alteration_state", true),
            ("MERGE INTO t USING alteration_state ON true WHEN MATCHED THEN DO NOTHING", true),
            ("INSERT INTO t (TABLE alteration_state)", true),
            ("CREATE TABLE a AS TABLE alteration_state", true),
            ("CREATE TABLE a AS (SELECT 1 FROM b, alteration_state)", true),
            ("CREATE TABLE a (x alteration_state)", true),
            ("CREATE TABLE a (x int, LIKE alteration_state)", true),
            ("CREATE TABLE a OF alteration_state", true),
            ("CREATE DOMAIN d AS alteration_state", true),
            ("CREATE VIEW v AS SELECT 1 FROM a JOIN b ON true, alteration_state", true),
            ("CREATE RULE r AS ON SELECT TO alteration_state DO INSTEAD SELECT 1", true),
            ("CREATE POLICY p ON alteration_state FOR SELECT TO x", true),
            ("GRANT SELECT, UPDATE ON alteration_state TO x", true),
            ("SELECT NULL::alteration_state", true),
            ("SELECT CAST(NULL AS alteration_state)", true),
            ("LOCK TABLE a, alteration_state", true),
            ("COPY alteration_state TO STDOUT", true),
            ("ALTER TABLE rename RENAME TO alteration_state", true),
            ("ALTER TABLE a ADD FOREIGN KEY (x) REFERENCES alteration_state", true),
            ("ALTER TABLE a ATTACH PARTITION alteration_state DEFAULT", true),
            (
                "CREATE FOREIGN TABLE a (x int) SERVER s OPTIONS (table_name 'alteration_state')",
                true,
            ),
        ];
        for (sql, reaches) in table {
            let statement = Statement::one(sql, Dialect::Postgresql).unwrap();
            assert_eq!(own_table(statement.view()).is_some(), reaches, "{sql}");
        }
    }

    #[test]
    fn what_is_called() {
        let table = [
            ("CREATE TABLE dblinks (id int)", false),
            ("INSERT INTO public.dblinks (id) VALUES (1)", false),
            ("CREATE INDEX i ON dblinks (id)", false),
            ("ALTER TABLE a ADD FOREIGN KEY (x) REFERENCES dblinks (id)", false),
            ("SELECT dblinks.id FROM dblinks, dblink WHERE dblink = 1", false),
            ("WITH dblinks (a) AS (SELECT 1) TABLE dblinks", false),
            ("GRANT EXECUTE ON FUNCTION dblink_exec(text) TO a", false),
            ("SELECT * FROM dblink('x', 'y')", true),
            ("SELECT 1 FROM a JOIN b ON dblink_exec('x') = 'y'", true),
            ("SELECT public . \"dblink_exec\" ('x')", true),
            ("CREATE VIEW v AS SELECT dblink_exec('x')", true),
            ("CREATE OPERATOR !! (PROCEDURE = dblink_exec, RIGHTARG = text)", true),
            ("ALTER FUNCTION dblink_exec RENAME TO x", true),
            ("CREATE EXTENSION dblink", true),
            ("DO $$ BEGIN EXECUTE 'select dblink_exec(1)'; END $$", true),
            ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY public.dblinks (id)", false),
            ("CREATE TABLE IF NOT EXISTS public.dblinks (id int)", false),
            ("CREATE TRIGGER t AFTER INSERT ON dblinks FOR EACH ROW EXECUTE FUNCTION f()", false),
            ("CREATE POLICY p ON dblinks USING (true)", false),
            ("CREATE RULE r AS ON INSERT TO dblinks DO INSTEAD NOTHING", false),
            ("CREATE VIEW my_dblink_log AS SELECT * FROM dblinks", false),
            ("CREATE TABLE x AS SELECT 1 FROM a JOIN b ON dblink_exec('x') = 'y'", true),
            ("CREATE TABLE x AS SELECT 1 FROM a JOIN b ON public.dblink_exec('x') = 'y'", true),
            ("CREATE TEMP TABLE x AS SELECT 1 FROM a JOIN b ON dblink_exec('x') = 'y'", true),
            ("CREATE OR REPLACE VIEW x AS SELECT 1 FROM a JOIN b ON dblink_exec('x') = 'y'", true),
            ("CREATE MATERIALIZED VIEW x AS SELECT 1 FROM a JOIN b ON dblink('x')", true),
            ("CREATE INDEX i ON t (dblink_exec('x'))", true),
            ("CREATE INDEX i ON t (a) WHERE EXISTS (SELECT 1 FROM a JOIN b ON dblink('x'))", true),
            ("CREATE STATISTICS s ON dblink('x'), b FROM t", true),
            ("CREATE POLICY p ON t USING (dblink_exec('x') = 'y')", true),
            (
                "CREATE TRIGGER t AFTER INSERT ON t WHEN (dblink_exec('x') = 'y') EXECUTE FUNCTION f()",
                true,
            ),
            ("CREATE TRIGGER t AFTER INSERT ON t EXECUTE FUNCTION dblink_exec()", true),
            ("CREATE RULE r AS ON INSERT TO t DO ALSO SELECT dblink_exec('x')", true),
            ("CREATE RULE r AS ON INSERT TO t DO SELECT 1 FROM a JOIN b ON dblink_exec('x')", true),
            ("CREATE TABLE t (a text DEFAULT dblink_exec('x'))", true),
            ("CREATE TYPE t (INPUT = dblink_exec, OUTPUT = f)", true),
            ("CREATE LANGUAGE l HANDLER dblink_exec", true),
            ("SELECT U&\"dblin!006b_exec\" UESCAPE '!' ('x')", true),
            ("INSERT INTO t SELECT 1 FROM a JOIN b ON dblink_exec('x') = 'y'", true),
            ("SELECT 1 FROM ROWS FROM (dblink('x'))", true),
            ("SELECT 1 FROM a, LATERAL dblink('x')", true),
            ("DO $$ BEGIN PERFORM 1 FROM a JOIN b ON dblink_exec('x') = 'y'; END $$", true),
        ];
        for (sql, calls) in table {
            let statement = Statement::one(sql, Dialect::Postgresql).unwrap();
            let called = called(statement.view());
            assert_eq!(called.iter().any(|name| name.starts_with("dblink")), calls, "{sql}");
        }
    }
}
