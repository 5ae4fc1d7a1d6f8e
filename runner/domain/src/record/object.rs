//! The map of owners: which plugin made which object of a database, and what one hook changes in that.
//!
//! Pure. What there is in a catalogue before and after a hook is read by the drivers, the map is kept in `alteration_object`.

use super::{Cell, Record, RecordError};
use crate::alteration::{AlterationKey, PluginName};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

/// The kind of an object, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    Table,
    /// A column that was added to a table of another owner. Its place is the table; its name is in lower case.
    Column,
    Index,
    View,
    Trigger,
    Sequence,
    Function,
    Type,
    Schema,
}

impl ObjectKind {
    const ALL: [Self; 9] = [
        Self::Table,
        Self::Column,
        Self::Index,
        Self::View,
        Self::Trigger,
        Self::Sequence,
        Self::Function,
        Self::Type,
        Self::Schema,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Column => "column",
            Self::Index => "index",
            Self::View => "view",
            Self::Trigger => "trigger",
            Self::Sequence => "sequence",
            Self::Function => "function",
            Self::Type => "type",
            Self::Schema => "schema",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ObjectKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// An object of a database, as its catalogue names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    pub kind: ObjectKind,
    /// The schema on PostgreSQL, the database on MySQL and MariaDB, empty on SQLite; the table of a column.
    pub place: String,
    pub name: String,
}

/// An object that a catalogue has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub object: Object,
    /// What a rename leaves as it is: the row of SQLite's schema, the oid of PostgreSQL. `None` where nothing tells a renamed
    /// object from a new one.
    pub identity: Option<i64>,
}

/// Which alteration made each object. What is not in it, no plugin made: it belongs to the application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners(BTreeMap<Object, AlterationKey>);

/// What becomes of the map by one hook: of `gone` each row is deleted, then of `made` each is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    pub gone: BTreeSet<Object>,
    pub made: BTreeMap<Object, AlterationKey>,
}

impl Owners {
    /// From the rows of [`super::tables::OBJECT`].
    pub fn read(rows: Vec<Vec<Cell>>) -> Result<Self, RecordError> {
        let read = |cells| {
            let mut row = Record::new(cells, "alteration_object, a row");
            let key = row.key("alteration_object")?;
            let kind = row.text("kind")?.parse().map_err(|()| row.invalid("kind"))?;
            Ok((Object { kind, place: row.text("place")?, name: row.text("name")? }, key))
        };
        rows.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The plugin that made `object`; `None` if it belongs to the application.
    pub fn owner(&self, object: &Object) -> Option<&PluginName> {
        self.0.get(object).map(|key| &key.plugin)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Object, &AlterationKey)> {
        self.0.iter()
    }

    /// Does to the map what is done to its rows.
    pub fn apply(&mut self, changes: &Changes) {
        self.0.retain(|object, _| !changes.gone.contains(object));
        self.0.extend(changes.made.iter().map(|(object, key)| (object.clone(), key.clone())));
    }

    /// What a hook of `maker` changes, of which the catalogue has `before` and `after`, whole.
    ///
    /// A name that was there before keeps its owner: a table is usually rebuilt under another name that becomes the first
    /// one. A renamed object keeps its owner, too. Rows of objects that others dropped in the meantime go along.
    pub fn changes(&self, before: &[Found], after: &[Found], maker: &AlterationKey) -> Changes {
        let remaining: BTreeSet<&Object> = after.iter().map(|found| &found.object).collect();
        let mut changes = self.additions(before, after, maker);
        changes.gone.extend(self.0.keys().filter(|object| !remaining.contains(object)).cloned());
        changes
    }

    /// As [`Self::changes`] of a hook that dropped nothing: `after` may leave out what was there before.
    pub fn additions(&self, before: &[Found], after: &[Found], maker: &AlterationKey) -> Changes {
        let names: BTreeSet<&Object> = before.iter().map(|found| &found.object).collect();
        let known: BTreeMap<(ObjectKind, i64), &Object> = before
            .iter()
            .filter_map(|found| Some(((found.object.kind, found.identity?), &found.object)))
            .collect();
        let mut made = BTreeMap::new();
        for Found { object, identity } in after {
            if names.contains(object) {
                continue;
            }
            let former = identity.and_then(|identity| known.get(&(object.kind, identity)));
            let owner = match former {
                None => Some(maker),
                Some(former) => self.0.get(*former),
            };
            made.extend(owner.map(|key| (object.clone(), key.clone())));
        }
        // A row that others left behind under the name of what is new.
        let stale = after
            .iter()
            .map(|found| &found.object)
            .filter(|object| !names.contains(object) && self.0.contains_key(object));
        Changes { gone: stale.cloned().collect(), made }
    }
}

impl FromIterator<(Object, AlterationKey)> for Owners {
    fn from_iter<T: IntoIterator<Item = (Object, AlterationKey)>>(rows: T) -> Self {
        Self(rows.into_iter().collect())
    }
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.made.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str) -> Object {
        Object { kind: ObjectKind::Table, place: String::new(), name: name.to_owned() }
    }

    fn key(plugin: &str) -> AlterationKey {
        AlterationKey {
            plugin: plugin.parse().unwrap(),
            id: "1.0.0-1700000000-one".parse().unwrap(),
        }
    }

    /// `name#identity`, several with a space between.
    fn found(text: &str) -> Vec<Found> {
        let found = |word: &str| {
            let (name, identity) = word.split_once('#').unwrap_or((word, ""));
            Found { object: object(name), identity: identity.parse().ok() }
        };
        text.split_whitespace().map(found).collect()
    }

    /// `name=plugin`, several with a space between.
    fn map(text: &str) -> Owners {
        let row = |word: &str| {
            let (name, plugin) = word.split_once('=').unwrap();
            (object(name), key(plugin))
        };
        text.split_whitespace().map(row).collect()
    }

    #[test]
    fn what_a_hook_changes() {
        // The map, the catalogue before and after, and the map afterwards. The hook is of x/me.
        let table = [
            ("", "", "", ""),
            ("", "app#1", "app#1", ""),
            ("", "", "a#1", "a=x/me"),
            ("a=x/me", "a#1", "", ""),
            // Renamed: it keeps its owner, be that another plugin or the application.
            ("a=x/me", "a#1", "b#1", "b=x/me"),
            ("a=x/he", "a#1", "b#1", "b=x/he"),
            ("", "app#1", "b#1", ""),
            // Without an identity it is dropped and made.
            ("a=x/he", "a", "b", "b=x/me"),
            // Rebuilt, in both of the usual ways.
            ("a=x/he", "a#1", "a#2", "a=x/he"),
            ("", "app#1", "app#2", ""),
            ("a=x/he", "a#1", "a#2 a_old#1", "a=x/he a_old=x/he"),
            ("", "app#1", "app#2 app_old#1", ""),
            // Names that were swapped keep their owners, like those of rebuilt tables.
            ("a=x/he b=x/me", "a#1 b#2", "a#2 b#1", "a=x/he b=x/me"),
            // Dropped and made anew by the application, behind the runner's back.
            ("a=x/he b=x/me", "b#2", "b#2", "b=x/me"),
            ("a=x/he", "", "a#1", "a=x/me"),
            ("a=x/he", "b#1", "a#1", ""),
        ];
        for (rows, before, after, expected) in table {
            let mut owners = map(rows);
            let changes = owners.changes(&found(before), &found(after), &key("x/me"));
            owners.apply(&changes);
            assert_eq!(owners, map(expected), "{rows} | {before} | {after}");
        }
    }

    #[test]
    fn what_is_added_needs_no_whole_catalogue() {
        let table = [
            ("a=x/he", "a#1", "", "a=x/he"),
            ("a=x/he", "a#1", "b#2", "a=x/he b=x/me"),
            ("b=x/he", "a#1", "b#2", "b=x/me"),
        ];
        for (rows, before, after, expected) in table {
            let mut owners = map(rows);
            let changes = owners.additions(&found(before), &found(after), &key("x/me"));
            owners.apply(&changes);
            assert_eq!(owners, map(expected), "{rows} | {before} | {after}");
        }
    }

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for kind in ObjectKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("tables".parse::<ObjectKind>(), Err(()));
    }
}
