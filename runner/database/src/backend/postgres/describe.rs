//! What types a guest's statement has: asked for once for each text and hook.
//!
//! The server's own catalogue answers for types that users made.

use super::{
    PostgresConnection,
    error::guest_error,
    link::{Field, TextRow},
    text::Sent,
    types::Type,
};
use crate::session::{Column, ErrorKind, SqlError, Value};

impl PostgresConnection {
    /// The types of the parameters of one statement.
    pub(super) async fn parameter_types(&mut self, sent: &Sent<'_>) -> Result<Vec<Type>, SqlError> {
        let sql = &*sent.text;
        if let Some(known) = self.types.parameters.get(sql) {
            return Ok(known.clone());
        }
        let described = self.parse(sent).await?;
        let oids = match described.parameters {
            Some(oids) => oids,
            None => self.parameters_by_name(sql).await?,
        };
        self.learn(&oids).await?;
        let types = oids
            .iter()
            .map(|oid| {
                self.types.get(*oid).ok_or_else(|| {
                    SqlError::new(ErrorKind::Conversion, "a parameter is of an unknown type")
                })
            })
            .collect::<Result<Vec<Type>, _>>()?;
        self.types.keep_parameters(sql, &types);
        Ok(types)
    }

    /// The same by a named statement, for types that sqlx cannot describe. The server has accepted
    /// `sql` as one statement before.
    async fn parameters_by_name(&mut self, sql: &str) -> Result<Vec<u32>, SqlError> {
        let text = format!("PREPARE runner_describe AS {sql}");
        let failed = |error| guest_error(error, &Sent::plain(""));
        self.link.execute(&text, Default::default()).await.map_err(failed)?;
        let rows = self
            .link
            .rows(
                "SELECT pg_catalog.unnest(p.parameter_types)::pg_catalog.oid \
                 FROM pg_catalog.pg_prepared_statements p WHERE p.name = 'runner_describe'",
            )
            .await
            .map_err(failed)?;
        self.link.run("DEALLOCATE runner_describe").await.map_err(failed)?;
        Ok(rows.into_iter().flatten().flatten().filter_map(|oid| oid.parse().ok()).collect())
    }

    /// The result columns of a query that returned no row to tell them, where sqlx cannot describe
    /// them. None where the server cannot make a table of the query.
    pub(super) async fn columns_by_table(
        &mut self,
        sent: &Sent<'_>,
    ) -> Result<Vec<Field>, SqlError> {
        let failed = |error| guest_error(error, &Sent::plain(""));
        self.link.run("SAVEPOINT runner_describe").await.map_err(failed)?;
        let make =
            format!("CREATE TEMPORARY TABLE pg_temp.runner_describe AS {} WITH NO DATA", sent.text);
        let fields = match self.link.execute(&make, Default::default()).await {
            Ok(_) => self.columns_in_table("runner_describe").await?,
            Err(_) => Vec::new(),
        };
        let back = "ROLLBACK TO SAVEPOINT runner_describe; RELEASE SAVEPOINT runner_describe";
        self.link.run(back).await.map_err(failed)?;
        Ok(fields)
    }

    /// The columns of a temporary table.
    pub(super) async fn columns_in_table(&mut self, name: &str) -> Result<Vec<Field>, SqlError> {
        let sql = format!(
            "SELECT a.attname, a.atttypid FROM pg_catalog.pg_attribute a \
             WHERE a.attrelid = 'pg_temp.{name}'::pg_catalog.regclass AND a.attnum > 0 \
             ORDER BY a.attnum"
        );
        let rows = self.link.rows(&sql).await.map_err(|e| guest_error(e, &Sent::plain("")))?;
        let field = |row: TextRow| match <[Option<String>; 2]>::try_from(row) {
            Ok([Some(name), Some(oid)]) => Some((name, oid.parse().ok()?)),
            _ => None,
        };
        Ok(rows.into_iter().filter_map(field).collect())
    }

    /// Types that are neither built-in scalars nor known from before are looked up.
    pub(super) async fn learn(&mut self, oids: &[u32]) -> Result<(), SqlError> {
        let mut unknown: Vec<u32> =
            oids.iter().copied().filter(|oid| self.types.get(*oid).is_none()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.sort_unstable();
        unknown.dedup();
        let list: Vec<String> = unknown.iter().map(u32::to_string).collect();
        // A domain is followed down to the type that its values are stored as.
        let sql = format!(
            "WITH RECURSIVE b (oid, base) AS ( \
                SELECT t.oid, t.oid FROM pg_catalog.pg_type t WHERE t.oid IN ({}) \
                UNION ALL SELECT b.oid, t.typbasetype FROM b \
                    JOIN pg_catalog.pg_type t ON t.oid = b.base WHERE t.typtype = 'd') \
             SELECT b.oid, b.base, pg_catalog.format_type(t.oid, NULL), \
                pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) \
             FROM b JOIN pg_catalog.pg_type u ON u.oid = b.base AND u.typtype <> 'd' \
             JOIN pg_catalog.pg_type t ON t.oid = b.oid \
             JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace",
            list.join(", ")
        );
        let rows = self.link.rows(&sql).await.map_err(|e| guest_error(e, &Sent::plain("")))?;
        for row in rows {
            if let Ok([Some(oid), Some(base), Some(name), Some(cast)]) =
                <[Option<String>; 4]>::try_from(row)
                && let (Ok(oid), Ok(base)) = (oid.parse(), base.parse())
            {
                self.types.insert(Type { oid, base, name, cast });
            }
        }
        Ok(())
    }

    /// Names and types of result columns, as guests see them.
    pub(super) async fn columns_of(&mut self, fields: &[Field]) -> Result<Vec<Column>, SqlError> {
        let oids: Vec<u32> = fields.iter().map(|(_, oid)| *oid).collect();
        self.learn(&oids).await?;
        let column = |(name, oid): &Field| Column {
            name: name.clone(),
            type_name: self.types.get(*oid).map(|ty| ty.name).unwrap_or_default(),
        };
        Ok(fields.iter().map(column).collect())
    }

    /// Forgets types of parameters where a statement may have changed them.
    pub(super) fn forget_types_unless_plain(&mut self, verb: &str) {
        let plain = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES", "TABLE", "MERGE"];
        if !plain.contains(&verb) {
            self.types.forget();
        }
    }
}

/// Puts the names of types into values that were decoded without.
pub(super) fn name_types(columns: &[Column], rows: &mut [Vec<Value>]) {
    for row in rows {
        for (value, column) in row.iter_mut().zip(columns) {
            if let Value::Other { type_name, .. } = value {
                type_name.clone_from(&column.type_name);
            }
        }
    }
}
