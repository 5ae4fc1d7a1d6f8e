//! Decides how to decode a column's values, from its description in the protocol.
//!
//! The protocol hides some types (SET, MariaDB's UUID and JSON travel as plain text), so that the
//! catalogue is asked for those of a table's columns; see [`Hint`]. Decodes nothing itself.

use crate::session::Column;
use sqlx::{
    Column as _, MySql, Type, TypeInfo,
    mysql::{MySqlColumn, MySqlTypeInfo},
};
use std::collections::HashMap;

/// The facts about a column that are in the catalogue and not in the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    Set,
    Uuid,
    Json,
    Inet4,
    Inet6,
}

/// Hints of the columns of one table, by the column's name.
pub(super) type TableHints = HashMap<String, Hint>;

/// How to decode a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean {
        signed: bool,
    },
    Integer {
        signed: bool,
    },
    Float,
    Double,
    Bit,
    Year,
    Decimal,
    Date,
    Time,
    Datetime,
    Timestamp,
    Text,
    Bytes,
    Json,
    Uuid,
    Geometry,
    /// Text that the guest gets as `Value::Other` of this name.
    Named(&'static str),
}

/// Returns the table that a column comes from, as `schema.table`, and its name there.
pub(super) fn origin(column: &MySqlColumn) -> Option<(String, String)> {
    let origin = column.origin();
    let from = origin.table_column()?;
    Some((from.table.to_string(), from.name.to_string()))
}

/// Returns whether the catalogue may know more about a column of this type than the protocol says.
pub(super) fn wants_hint(column: &MySqlColumn) -> bool {
    // VARCHAR is left out on purpose: none of the hidden types travels as one.
    matches!(
        column.type_info().name(),
        "CHAR" | "BINARY" | "TEXT" | "TINYTEXT" | "MEDIUMTEXT" | "LONGTEXT" | "BLOB" | "LONGBLOB"
    )
}

/// Returns a column as the guest sees it, and how to decode it.
pub(super) fn describe(column: &MySqlColumn, hint: Option<Hint>) -> (Column, Kind) {
    let (type_name, kind) = classify(column.type_info(), hint);
    (Column { name: column.name().to_owned(), type_name: type_name.to_owned() }, kind)
}

fn classify(info: &MySqlTypeInfo, hint: Option<Hint>) -> (&'static str, Kind) {
    // Of the flags, sqlx shows only what a Rust type would need: whether `u8` fits (unsigned), and
    // whether `str` does (a character set rather than bytes).
    let signed = !<u8 as Type<MySql>>::compatible(info);
    let characters = <str as Type<MySql>>::compatible(info);
    let integer = Kind::Integer { signed };
    let text = |text: &'static str, bytes: &'static str| {
        if characters { (text, Kind::Text) } else { (bytes, Kind::Bytes) }
    };
    match (info.name(), hint) {
        ("CHAR" | "BINARY", Some(Hint::Set)) => ("set", Kind::Named("set")),
        ("CHAR" | "BINARY", Some(Hint::Uuid)) => ("uuid", Kind::Uuid),
        ("CHAR" | "BINARY", Some(Hint::Inet4)) => ("inet4", Kind::Named("inet4")),
        ("CHAR" | "BINARY", Some(Hint::Inet6)) => ("inet6", Kind::Named("inet6")),
        (_, Some(Hint::Json)) if characters => ("json", Kind::Json),
        ("NULL", _) => ("", Kind::Null),
        // The display width, which MySQL keeps for this one type, is all that says "boolean".
        ("BOOLEAN", _) => ("tinyint(1)", Kind::Boolean { signed }),
        ("TINYINT", _) => ("tinyint", integer),
        ("TINYINT UNSIGNED", _) => ("tinyint unsigned", integer),
        ("SMALLINT", _) => ("smallint", integer),
        ("SMALLINT UNSIGNED", _) => ("smallint unsigned", integer),
        ("MEDIUMINT", _) => ("mediumint", integer),
        ("MEDIUMINT UNSIGNED", _) => ("mediumint unsigned", integer),
        ("INT", _) => ("int", integer),
        ("INT UNSIGNED", _) => ("int unsigned", integer),
        ("BIGINT", _) => ("bigint", integer),
        ("BIGINT UNSIGNED", _) => ("bigint unsigned", integer),
        ("FLOAT", _) => ("float", Kind::Float),
        ("DOUBLE", _) => ("double", Kind::Double),
        ("DECIMAL", _) => ("decimal", Kind::Decimal),
        ("BIT", _) => ("bit", Kind::Bit),
        ("YEAR", _) => ("year", Kind::Year),
        ("DATE", _) => ("date", Kind::Date),
        ("TIME", _) => ("time", Kind::Time),
        ("DATETIME", _) => ("datetime", Kind::Datetime),
        ("TIMESTAMP", _) => ("timestamp", Kind::Timestamp),
        ("JSON", _) => ("json", Kind::Json),
        ("GEOMETRY", _) => ("geometry", Kind::Geometry),
        ("ENUM", _) => ("enum", Kind::Named("enum")),
        ("SET", _) => ("set", Kind::Named("set")),
        ("CHAR" | "BINARY", _) => text("char", "binary"),
        ("VARCHAR" | "VARBINARY", _) => text("varchar", "varbinary"),
        ("TINYTEXT" | "TINYBLOB", _) => text("tinytext", "tinyblob"),
        ("MEDIUMTEXT" | "MEDIUMBLOB", _) => text("mediumtext", "mediumblob"),
        ("LONGTEXT" | "LONGBLOB", _) => text("longtext", "longblob"),
        // The protocol calls every size of these the same.
        _ => text("text", "blob"),
    }
}

/// Returns what `information_schema.columns.data_type` adds to the protocol.
pub(super) fn hint(data_type: &str) -> Option<Hint> {
    Some(match data_type {
        "set" => Hint::Set,
        "uuid" => Hint::Uuid,
        "inet4" => Hint::Inet4,
        "inet6" => Hint::Inet6,
        _ => return None,
    })
}
