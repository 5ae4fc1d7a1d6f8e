//! PostgreSQL's types as the runner sees them: which value a type becomes, and how it is called.
//!
//! Built-in scalars are known by their object ids, which never change. Everything else is asked for
//! in the catalogue, by `describe.rs`.

use std::collections::HashMap;

/// Which case of a value a type's text becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Integer,
    Float,
    Decimal,
    Text,
    Bytes,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Uuid,
    Json,
    /// The server's text goes along with the type's name.
    Other,
}

/// Object ids of types that are sent in binary; the others travel as literals.
pub(super) mod oid {
    pub(in super::super) const BOOL: u32 = 16;
    pub(in super::super) const BYTEA: u32 = 17;
    pub(in super::super) const INT8: u32 = 20;
    pub(in super::super) const INT2: u32 = 21;
    pub(in super::super) const INT4: u32 = 23;
    pub(in super::super) const TEXT: u32 = 25;
    pub(in super::super) const FLOAT8: u32 = 701;
    pub(in super::super) const BPCHAR: u32 = 1042;
    pub(in super::super) const VARCHAR: u32 = 1043;
    pub(in super::super) const TIMESTAMPTZ: u32 = 1184;
}

/// Object ids from here on belong to what users made.
const FIRST_USER_OID: u32 = 16_384;

const BUILT_IN: &[(u32, Kind, &str)] = &[
    (oid::BOOL, Kind::Boolean, "boolean"),
    (oid::BYTEA, Kind::Bytes, "bytea"),
    (18, Kind::Text, "\"char\""),
    (19, Kind::Text, "name"),
    (oid::INT8, Kind::Integer, "bigint"),
    (oid::INT2, Kind::Integer, "smallint"),
    (oid::INT4, Kind::Integer, "integer"),
    (oid::TEXT, Kind::Text, "text"),
    (26, Kind::Integer, "oid"),
    (114, Kind::Json, "json"),
    (700, Kind::Float, "real"),
    (oid::FLOAT8, Kind::Float, "double precision"),
    (705, Kind::Text, "unknown"),
    (oid::BPCHAR, Kind::Text, "character"),
    (oid::VARCHAR, Kind::Text, "character varying"),
    (1082, Kind::Date, "date"),
    (1083, Kind::Time, "time without time zone"),
    (1114, Kind::Timestamp, "timestamp without time zone"),
    (oid::TIMESTAMPTZ, Kind::Timestamptz, "timestamp with time zone"),
    (1700, Kind::Decimal, "numeric"),
    (2950, Kind::Uuid, "uuid"),
    (3802, Kind::Json, "jsonb"),
];

/// What a type becomes, and its name if it is one of the built-in scalars.
pub(super) fn kind(oid: u32) -> (Kind, Option<&'static str>) {
    match BUILT_IN.iter().find(|(known, ..)| *known == oid) {
        Some((_, kind, name)) => (*kind, Some(name)),
        None => (Kind::Other, None),
    }
}

/// A type that a parameter has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) oid: u32,
    /// Under all domains.
    pub(super) base: u32,
    /// As people write it.
    pub(super) name: String,
    /// As a cast needs it: with its schema, and without a length that would cut values.
    pub(super) cast: String,
}

impl Type {
    /// One of the built-in scalars.
    pub(super) fn built_in(oid: u32) -> Option<Self> {
        let name = kind(oid).1?;
        let cast = match oid {
            18 => "pg_catalog.\"char\"".to_owned(),
            // In SQL this name means one character.
            oid::BPCHAR => "pg_catalog.bpchar".to_owned(),
            705 => "pg_catalog.text".to_owned(),
            _ => name.to_owned(),
        };
        Some(Self { oid, base: oid, name: name.to_owned(), cast })
    }
}

/// Texts are kept up to this length; hundreds of larger ones would be.
const KEPT_SQL_BYTES_MAX: usize = 64 << 10;
const KEPT_MAX: usize = 256;

/// What was asked of the catalogue about types.
#[derive(Debug, Default)]
pub(super) struct KnownTypes {
    /// Types that are not built-in scalars, by object id.
    types: HashMap<u32, Type>,
    /// Types of the parameters of statements that this hook ran before, by their texts.
    pub(super) parameters: HashMap<String, Vec<Type>>,
}

impl KnownTypes {
    pub(super) fn get(&self, oid: u32) -> Option<Type> {
        Type::built_in(oid).or_else(|| self.types.get(&oid).cloned())
    }

    pub(super) fn insert(&mut self, ty: Type) {
        self.types.insert(ty.oid, ty);
    }

    pub(super) fn keep_parameters(&mut self, sql: &str, types: &[Type]) {
        if self.parameters.len() >= KEPT_MAX {
            self.parameters.clear();
        }
        if sql.len() <= KEPT_SQL_BYTES_MAX {
            self.parameters.insert(sql.to_owned(), types.to_vec());
        }
    }

    /// Forgets what users may have changed meanwhile.
    pub(super) fn forget(&mut self) {
        self.parameters.clear();
        self.types.retain(|oid, _| *oid < FIRST_USER_OID);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_types() {
        assert_eq!(kind(23), (Kind::Integer, Some("integer")));
        assert_eq!(kind(1007), (Kind::Other, None));
        assert_eq!(Type::built_in(1042).unwrap().cast, "pg_catalog.bpchar");
        assert_eq!(Type::built_in(869), None);
    }
}
