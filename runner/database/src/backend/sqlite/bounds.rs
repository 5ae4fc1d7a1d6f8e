//! What a confined plugin may do on SQLite: everything to objects that it made, and to others' what it was granted.
//!
//! Decides by the names of others' objects, whatever their schema: a temporary object cannot have one of these names, because
//! none may be made with it. A trigger or view is judged like the statement that reaches it, whoever made it: an authorizer is
//! told its name only, and a common table expression can have any name. Pure.

use super::guard::Action;
use crate::{
    alteration::PluginName,
    backend::granted::Granted,
    session::{ErrorKind, Lacks, SqlError},
};
use libsqlite3_sys as ffi;
use std::{collections::HashMap, fmt, sync::Arc};

/// Whose an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    Application,
    Plugin(PluginName),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application => f.write_str("the application"),
            Self::Plugin(plugin) => write!(f, "{plugin}"),
        }
    }
}

/// Returns a refusal, with what it would need.
pub(super) fn refused(reason: String, lacks: Lacks) -> SqlError {
    SqlError { lacks: Some(lacks), ..SqlError::new(ErrorKind::Denied, reason) }
}

/// Returns the permission of that verb for an object of another owner.
fn permission(verb: &str, owner: &Owner, name: &str) -> Lacks {
    Lacks::Permission(match owner {
        Owner::Application => format!("{verb} app:{name}"),
        Owner::Plugin(plugin) => format!("{verb} {plugin}:{name}"),
    })
}

/// The objects that are not a plugin's, by their names in lower case.
pub(super) type Others = HashMap<String, Owner>;

/// Where a statement comes from that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A statement of a hook that reads or writes rows.
    Rows,
    /// A statement of a hook that only SQLite itself writes its own tables for: ALTER, ANALYZE, DROP, REINDEX.
    Schema,
    /// The same of PRAGMA, which looks at all tables to check them, and tells nothing of their rows.
    Pragma,
    /// What a trigger or view would do later, when nobody judges it.
    Standing,
}

impl Origin {
    /// Returns the origin of a statement that begins with this word.
    pub(super) fn of(verb: &str) -> Self {
        let is = |word: &&str| word.eq_ignore_ascii_case(verb);
        if is(&"PRAGMA") {
            Self::Pragma
        } else if ["ALTER", "ANALYZE", "DROP", "REINDEX"].iter().any(is) {
            Self::Schema
        } else {
            Self::Rows
        }
    }
}

/// The bounds of the hook at hand.
#[derive(Debug)]
pub(super) struct Bounds {
    pub(super) granted: Granted,
    pub(super) others: Arc<Others>,
}

/// Tables that SQLite has without their being made, which tell of all that is in the file.
const TELLING: [&str; 4] = ["dbstat", "sqlite_stmt", "bytecode", "tables_used"];
/// Numbers in the file's header that applications use for themselves.
const HEADER: [&str; 2] = ["application_id", "user_version"];

impl Bounds {
    /// Returns whose the object of that name is; `None` where it is the plugin's own, or not there.
    pub(super) fn owner(&self, name: &str) -> Option<&Owner> {
        self.others.get(&name.to_ascii_lowercase())
    }

    /// Returns whether nothing in the file is another's: then the file itself is the plugin's, too.
    pub(super) fn is_alone(&self) -> bool {
        self.others.is_empty()
    }

    /// Returns whether `name` is among what was granted.
    fn has(
        &self,
        granted: impl Fn(&Granted) -> &std::collections::BTreeSet<(Option<PluginName>, String)>,
        owner: &Owner,
        name: &str,
    ) -> bool {
        let owner = match owner {
            Owner::Application => None,
            Owner::Plugin(plugin) => Some(plugin.clone()),
        };
        granted(&self.granted).contains(&(owner, name.to_ascii_lowercase()))
    }

    pub(super) fn may_alter(&self, name: &str) -> bool {
        self.owner(name).is_none_or(|owner| self.has(|granted| &granted.alters, owner, name))
    }

    /// Returns why the plugin may not rename `table` or a column of it; `None` if it may. What was added to a table of others
    /// is known by its name.
    pub(super) fn renamed(&self, table: &str) -> Option<SqlError> {
        let owner = self.owner(table)?;
        let plugin = &self.granted.plugin;
        let reason = format!("`{plugin}` may not rename `{table}` of {owner}, nor a column of it");
        Some(refused(reason, Lacks::Level))
    }

    /// Returns why a foreign key may not refer to `parent`; `None` if it may.
    pub(super) fn reference(&self, child: &str, parent: &str) -> Option<SqlError> {
        let owner = self.owner(parent)?;
        let may = self.has(|granted| &granted.references, owner, parent);
        (!may).then(|| {
            let plugin = &self.granted.plugin;
            refused(
                format!("`{plugin}` may not have `{child}` refer to `{parent}` of {owner}"),
                permission("references", owner, parent),
            )
        })
    }

    /// Returns whether the plugin reads NULL instead. R-trees ask for statistics when they are opened.
    pub(super) fn hides(&self, Action { code, first, .. }: Action<'_>, origin: Origin) -> bool {
        let is_statistics = first.to_ascii_lowercase().starts_with("sqlite_stat");
        code == ffi::SQLITE_READ
            && is_statistics
            && !self.is_alone()
            && matches!(origin, Origin::Rows | Origin::Standing)
    }

    /// Returns why what is compiled may not open a table; `None` if it may. SQLite copies the rows of one table into another
    /// of the same shape without asking an authorizer about them.
    pub(super) fn opened(&self, table: &str, is_written: bool) -> Option<SqlError> {
        let code = if is_written { ffi::SQLITE_UPDATE } else { ffi::SQLITE_READ };
        let action = Action { code, first: table, second: "", inside: "" };
        match self.hides(action, Origin::Standing) {
            true => self.telling(Action { code: ffi::SQLITE_UPDATE, ..action }, Origin::Standing),
            false => self.of_others(table, if is_written { "write" } else { "read" }, ""),
        }
    }

    /// Returns why the plugin may not do `action`; `None` if it may.
    pub(super) fn refusal(&self, action: Action<'_>, origin: Origin) -> Option<SqlError> {
        let Action { code, first, second, inside } = action;
        let (name, verb) = match code {
            ffi::SQLITE_READ => (first, "read"),
            ffi::SQLITE_INSERT | ffi::SQLITE_UPDATE | ffi::SQLITE_DELETE => (first, "write"),
            ffi::SQLITE_ALTER_TABLE => (second, "alter"),
            ffi::SQLITE_CREATE_INDEX | ffi::SQLITE_CREATE_TEMP_INDEX => (second, "index"),
            ffi::SQLITE_CREATE_TRIGGER | ffi::SQLITE_CREATE_TEMP_TRIGGER => {
                (second, "put a trigger on")
            }
            ffi::SQLITE_DROP_TABLE
            | ffi::SQLITE_DROP_VTABLE
            | ffi::SQLITE_DROP_VIEW
            | ffi::SQLITE_DROP_INDEX
            | ffi::SQLITE_DROP_TRIGGER
            | ffi::SQLITE_DROP_TEMP_TABLE
            | ffi::SQLITE_DROP_TEMP_VIEW
            | ffi::SQLITE_DROP_TEMP_INDEX
            | ffi::SQLITE_DROP_TEMP_TRIGGER => (first, "drop"),
            ffi::SQLITE_CREATE_TABLE
            | ffi::SQLITE_CREATE_VTABLE
            | ffi::SQLITE_CREATE_VIEW
            | ffi::SQLITE_CREATE_TEMP_TABLE
            | ffi::SQLITE_CREATE_TEMP_VIEW => (first, "make another"),
            ffi::SQLITE_PRAGMA => return self.pragma(first, second),
            _ => return None,
        };
        let is_check = origin == Origin::Pragma && code == ffi::SQLITE_READ;
        self.shadow(action)
            .or_else(|| self.telling(action, origin))
            .or_else(|| self.of_others(name, verb, inside).filter(|_| !is_check))
    }

    fn of_others(&self, name: &str, verb: &str, inside: &str) -> Option<SqlError> {
        let owner = self.owner(name)?;
        let alters = || self.has(|granted| &granted.alters, owner, name);
        let (may, lacks) = match verb {
            "read" => (
                alters() || self.has(|granted| &granted.reads, owner, name),
                permission("reads", owner, name),
            ),
            "write" | "alter" | "index" => (alters(), permission("alters", owner, name)),
            _ => (false, Lacks::Level),
        };
        let by = match inside {
            "" => String::new(),
            inside => format!(", as `{inside}` would"),
        };
        let plugin = &self.granted.plugin;
        (!may).then(|| refused(format!("`{plugin}` may not {verb} `{name}` of {owner}{by}"), lacks))
    }

    /// Refuses names of others for what is made: it would stand in for theirs.
    fn shadow(&self, Action { code, first, .. }: Action<'_>) -> Option<SqlError> {
        let is_made = matches!(
            code,
            ffi::SQLITE_CREATE_INDEX
                | ffi::SQLITE_CREATE_TEMP_INDEX
                | ffi::SQLITE_CREATE_TRIGGER
                | ffi::SQLITE_CREATE_TEMP_TRIGGER
        );
        // What has a name that is taken is found by it in `of_others`.
        match is_made {
            true => self.of_others(first, "make another", ""),
            false => None,
        }
    }

    /// Refuses what tells of everybody's objects, or changes it, behind SQLite's own names.
    fn telling(&self, action: Action<'_>, origin: Origin) -> Option<SqlError> {
        if self.is_alone() {
            return None;
        }
        let Action { code, first, second, .. } = action;
        let plugin = &self.granted.plugin;
        let name = first.to_ascii_lowercase();
        let module = second.to_ascii_lowercase();
        if TELLING.contains(&name.as_str())
            || (code == ffi::SQLITE_CREATE_VTABLE && TELLING.contains(&module.as_str()))
        {
            let reason = format!("`{plugin}` may not read `{first}`, which tells of all tables");
            return Some(refused(reason, Lacks::Level));
        }
        let is_statistics = name.starts_with("sqlite_stat");
        let is_sequence = name == "sqlite_sequence";
        let is_refused = match (origin, code) {
            (Origin::Schema, ffi::SQLITE_DROP_TABLE) => is_statistics,
            (Origin::Schema | Origin::Pragma, _) => false,
            // Whose numbers were changed is looked at when the hook ends.
            (Origin::Rows, ffi::SQLITE_READ) => is_sequence && second.eq_ignore_ascii_case("seq"),
            (Origin::Rows, _) => is_statistics,
            (Origin::Standing, ffi::SQLITE_READ) => is_sequence,
            (Origin::Standing, _) => is_statistics || is_sequence,
        };
        is_refused.then(|| {
            let reason = format!(
                "`{plugin}` may not reach `{first}`, where SQLite keeps what it knows of all tables"
            );
            refused(reason, Lacks::Level)
        })
    }

    /// Refuses what is set for the whole file.
    fn pragma(&self, name: &str, value: &str) -> Option<SqlError> {
        let is_header = HEADER.iter().any(|header| header.eq_ignore_ascii_case(name));
        (is_header && !value.is_empty() && !self.is_alone()).then(|| {
            let plugin = &self.granted.plugin;
            let reason = format!("`{plugin}` may not set {name}: it is the application's");
            refused(reason, Lacks::Level)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alteration::Permissions;

    fn bounds() -> Bounds {
        let shop: PluginName = "acme/shop".parse().unwrap();
        let others = [
            ("orders", Owner::Plugin(shop.clone())),
            ("seen", Owner::Plugin(shop.clone())),
            ("users", Owner::Application),
            ("log", Owner::Application),
        ];
        let others = others.map(|(name, owner)| (name.to_owned(), owner));
        let mut granted = Granted::of("evil/x".parse().unwrap(), &Permissions::new());
        granted.reads.insert((Some(shop.clone()), "seen".to_owned()));
        granted.alters.insert((None, "log".to_owned()));
        granted.references.insert((Some(shop), "seen".to_owned()));
        // Of another owner than the table that has the name.
        granted.reads.insert((None, "orders".to_owned()));
        Bounds { granted, others: Arc::new(others.into()) }
    }

    #[test]
    fn policy() {
        let (bounds, rows) = (bounds(), Origin::Rows);
        let table = [
            (ffi::SQLITE_READ, "orders", "total", rows, Some("read `orders` of acme/shop")),
            (ffi::SQLITE_READ, "ORDERS", "", rows, Some("read `ORDERS` of acme/shop")),
            (ffi::SQLITE_READ, "users", "", rows, Some("read `users` of the application")),
            (ffi::SQLITE_READ, "mine", "x", rows, None),
            (ffi::SQLITE_READ, "seen", "x", rows, None),
            (ffi::SQLITE_DELETE, "seen", "", rows, Some("write `seen` of acme/shop")),
            (ffi::SQLITE_UPDATE, "log", "x", rows, None),
            (ffi::SQLITE_ALTER_TABLE, "main", "log", rows, None),
            (ffi::SQLITE_ALTER_TABLE, "main", "users", rows, Some("alter `users`")),
            (ffi::SQLITE_CREATE_INDEX, "i", "log", rows, None),
            (ffi::SQLITE_CREATE_INDEX, "i", "users", rows, Some("index `users`")),
            (ffi::SQLITE_CREATE_INDEX, "seen", "mine", rows, Some("make another `seen`")),
            (ffi::SQLITE_CREATE_TRIGGER, "t", "log", rows, Some("put a trigger on `log`")),
            (ffi::SQLITE_CREATE_TEMP_TRIGGER, "t", "users", rows, Some("put a trigger on")),
            (ffi::SQLITE_CREATE_TRIGGER, "Users", "mine", rows, Some("make another `Users`")),
            (ffi::SQLITE_CREATE_TEMP_TABLE, "users", "", rows, Some("make another `users`")),
            (ffi::SQLITE_CREATE_VIEW, "orders", "", rows, Some("make another `orders`")),
            (ffi::SQLITE_CREATE_TABLE, "mine", "", rows, None),
            (ffi::SQLITE_DROP_TABLE, "log", "", rows, Some("drop `log`")),
            (ffi::SQLITE_DROP_TRIGGER, "users", "mine", rows, Some("drop `users`")),
            (ffi::SQLITE_READ, "sqlite_stat1", "stat", rows, None),
            (ffi::SQLITE_UPDATE, "sqlite_stat1", "stat", rows, Some("all tables")),
            (ffi::SQLITE_READ, "sqlite_sequence", "seq", rows, Some("all tables")),
            (ffi::SQLITE_READ, "sqlite_sequence", "name", rows, None),
            (ffi::SQLITE_DELETE, "sqlite_sequence", "", rows, None),
            (ffi::SQLITE_DELETE, "sqlite_sequence", "", Origin::Standing, Some("all tables")),
            (ffi::SQLITE_DELETE, "sqlite_stat1", "", Origin::Schema, None),
            (ffi::SQLITE_DROP_TABLE, "sqlite_stat1", "", Origin::Schema, Some("all tables")),
            (ffi::SQLITE_READ, "dbstat", "name", rows, Some("all tables")),
            (ffi::SQLITE_CREATE_VTABLE, "mine", "DBSTAT", rows, Some("all tables")),
            (ffi::SQLITE_PRAGMA, "user_version", "7", rows, Some("the application's")),
            (ffi::SQLITE_PRAGMA, "user_version", "", rows, None),
            (ffi::SQLITE_PRAGMA, "table_info", "users", rows, None),
            (ffi::SQLITE_READ, "users", "x", Origin::Pragma, None),
            (ffi::SQLITE_UPDATE, "users", "x", Origin::Pragma, Some("write `users`")),
            (ffi::SQLITE_READ, "users", "x", Origin::Schema, Some("read `users`")),
            (ffi::SQLITE_SELECT, "", "", rows, None),
        ];
        for (code, first, second, origin, expected) in table {
            let refusal = bounds.refusal(Action { code, first, second, inside: "" }, origin);
            let refusal = refusal.map(|error| error.message);
            let what = format!("{code} {first} {second}: {refusal:?}");
            assert_eq!(refusal.is_some(), expected.is_some(), "{what}");
            assert!(refusal.unwrap_or_default().contains(expected.unwrap_or_default()), "{what}");
        }
        let read = Action { code: ffi::SQLITE_READ, first: "users", second: "x", inside: "seen" };
        let refusal = bounds.refusal(read, rows).unwrap();
        let expected = "`evil/x` may not read `users` of the application, as `seen` would";
        assert_eq!(refusal.message, expected);
        assert_eq!(refusal.lacks, Some(Lacks::Permission("reads app:users".to_owned())));
        let hidden =
            Action { code: ffi::SQLITE_READ, first: "sqlite_stat4", second: "x", inside: "" };
        assert!(bounds.hides(hidden, rows) && !bounds.hides(hidden, Origin::Schema));
        assert!(!bounds.hides(read, rows));
        let opened = [("users", false, true), ("seen", false, false), ("seen", true, true)];
        for (table, is_written, is_refused) in opened {
            assert_eq!(bounds.opened(table, is_written).is_some(), is_refused, "{table}");
        }
        assert!(bounds.opened("sqlite_stat1", false).is_some());
        assert!(bounds.opened("sqlite_sequence", true).is_none(), "AUTOINCREMENT does");
        assert_eq!(bounds.reference("mine", "seen"), None);
        assert_eq!(bounds.reference("mine", "mine"), None);
        assert!(bounds.reference("mine", "Log").is_some());
        let alone = Bounds { others: Arc::default(), ..bounds };
        let set =
            Action { code: ffi::SQLITE_PRAGMA, first: "user_version", second: "7", inside: "" };
        assert!(alone.is_alone() && alone.refusal(set, Origin::Pragma).is_none());
    }

    #[test]
    fn origins() {
        assert_eq!(Origin::of("drop"), Origin::Schema);
        assert_eq!(Origin::of("Pragma"), Origin::Pragma);
        for verb in ["CREATE", "SELECT", "WITH", "EXPLAIN", ""] {
            assert_eq!(Origin::of(verb), Origin::Rows, "{verb}");
        }
    }
}
