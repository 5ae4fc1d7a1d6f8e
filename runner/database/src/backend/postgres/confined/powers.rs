//! Functions of a plugin whose bodies can do more than read and write rows.
//!
//! A function that was left runs as the plugin whoever calls it. As its own owner it could make itself run with its
//! caller's rights (ALTER FUNCTION), and in the caller's session it could change settings that stay, or put temporary
//! tables before the caller's. So a body that contains statements of this kind, or executes text, is closed between
//! hooks: even its owner has no right to execute it. `claim` opens it for the plugin's own hooks. Nothing may use it that
//! asks for no such right, or is used by a superuser, who needs none: triggers, defaults, views and their like.
//!
//! Cursors count among these: one that is declared WITH HOLD runs on at the commit, with the rights of whoever commits, and a
//! function can fetch from those of its caller.
//!
//! Bodies are judged by their words, without strings and comments. Where it is not certain what is a string (dollar
//! quotes, quotes behind a backslash, comments in comments), and in languages other than SQL and PL/pgSQL, the function
//! counts as one that can do all of it.

use super::super::text::literal;

/// What makes it uncertain where strings and comments end; and names that execute text or change settings, which could
/// be quoted.
const RAW: &str = r"\$([^\x01-@\[-^`{-\x7f][^\x01-/:-@\[-^`{-\x7f]*)?\$|\\'|u&|/\*([^*]|\*+[^*/])*/\*|set_config|pg_settings|_to_xml|ts_stat|ts_rewrite|dblink|crosstab|connectby|xpath_table";
/// A string or a quoted name (kept), or a comment.
const COMMENTS: &str = r#"('[^']*'|"[^"]*")|--[^\n\r]*|/\*([^*]|\*+[^*/])*\*+/"#;
const STRINGS: &str = r#"'[^']*'|"[^"]*""#;
/// Words anywhere, words where a statement begins, and what is left of a string that does not end.
const WORDS: &str = r#"\m(execute|create|alter|import|prepare|cursor|refcursor|pg_cursors|fetch)\M|(^|;|>>|\m(begin|then|else|loop|atomic)\M)\s*(set|reset|discard|deallocate|do|load|listen|unlisten|grant|revoke|reassign|security|close|move)\M|['"]|/\*"#;
/// `SELECT … INTO` makes a table in the language SQL.
const INTO: &str = r"\m(insert|merge)\s+into\M";

/// An expression: whether the function `p` in the language `l` can do what only the plugin's own hooks may.
pub(super) fn question() -> String {
    let [raw, comments, strings, words, into] = [RAW, COMMENTS, STRINGS, WORDS, INTO].map(literal);
    let bare = format!(
        "regexp_replace(regexp_replace(p.prosrc, {comments}, E'\\\\1 ', 'g'), {strings}, 'x', 'g')"
    );
    format!(
        "CASE WHEN l.lanname = 'internal' THEN false
            WHEN l.lanname NOT IN ('sql', 'plpgsql') OR p.prosrc ~* {raw} THEN true
            ELSE {bare} ~* {words} OR l.lanname = 'sql'
                AND regexp_replace({bare}, {into}, '', 'gi') ~* E'\\\\minto\\\\M' END"
    )
}

/// In `claim`: opens such functions for the hook. `age` sees them as written by this transaction, so that `finish`
/// looks at them again.
pub(super) const OPEN: &str =
    "    FOR closed IN SELECT s.objid::regprocedure FROM pg_shdepend s
        WHERE s.refclassid = 'pg_authid'::regclass AND s.classid = 'pg_proc'::regclass AND s.deptype = 'o'
        AND s.refobjid = (SELECT oid FROM pg_roles WHERE rolname = session_user)
        AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND NOT has_function_privilege(s.refobjid, s.objid, 'EXECUTE')
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', closed, ticket.role);
    END LOOP;";

/// In `finish`, for each function that it looks at: takes the right to execute it from everybody.
pub(super) const CLOSE: &str = "        IF found_one.has_powers THEN
            SELECT string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, ', ')
                INTO calls FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE p.oid = found_one.oid;
            IF calls IS NOT NULL THEN
                EXECUTE format('REVOKE ALL ON ROUTINE %s FROM %s CASCADE', found_one.signature, calls);
            END IF;
        END IF;";
