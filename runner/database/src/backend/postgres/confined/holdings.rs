//! Looks at what a plugin has in the database: whose its objects are now, and what giving them to its role would change.
//!
//! Only reads, and only PostgreSQL's catalogue. What is done about it is in `transfer.rs`.

use super::super::{PostgresConnection, columns, objects, own::spell, text::literal};
use crate::{
    alteration::PluginName,
    backend::{
        BackendError,
        confining::{Foreign, Holdings, Strayed, TurnedFunction, ViewRead},
        connection::{Cell, Connection as _},
    },
};
use alteration_domain::record::{Found, Object, tables::OBJECT_TABLE};

/// The relations that the view `v` reads with the rights of its owner, as `c`, in the schema `n`: behind `FROM`.
pub(super) const READ_BY_VIEWS: &str = "pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class AND v.relkind IN ('v', 'm')
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class c ON c.oid = d.refobjid AND c.oid <> v.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM unnest(v.reloptions) o
        WHERE starts_with(o, 'security_invoker=') AND split_part(o, '=', 2)::boolean)";

/// What is recorded of a plugin's role.
pub(super) struct Recorded {
    pub(super) role: String,
    pub(super) is_there: bool,
    /// Another database of the cluster has objects of it too: this one is a copy.
    pub(super) is_shared: bool,
}

/// A list of objects as rows: `kind`, `place` and `name`.
pub(super) fn wanted(objects: &[Object]) -> String {
    let row = |object: &Object| {
        let texts = [object.kind.as_str(), &object.place, &object.name].map(literal);
        format!("({})", texts.join(", "))
    };
    let rows: Vec<String> = objects.iter().map(row).collect();
    match rows.is_empty() {
        true => "SELECT ''::text, ''::text, ''::text WHERE false".to_owned(),
        false => format!("VALUES {}", rows.join(", ")),
    }
}

/// Those of `objects` that are there, as rows of [`objects::listing`]: behind `FROM`, in parentheses. The whole list is made
/// once; PostgreSQL would look for each object anew.
pub(super) fn moved(state: &str, objects: &[Object]) -> String {
    format!(
        "WITH listed AS MATERIALIZED ({}), wanted (kind, place, name) AS MATERIALIZED ({})
         SELECT l.* FROM listed l JOIN wanted w ON l.kind = w.kind AND l.place = w.place AND l.name = w.name",
        objects::listing(state),
        wanted(objects)
    )
}

impl PostgresConnection {
    /// Looks at `objects`, which are the plugin's by the record.
    pub(super) async fn look_at(
        &mut self,
        plugin: &PluginName,
        objects: &[Object],
    ) -> Result<Holdings, BackendError> {
        let recorded = self.recorded_role(plugin).await?;
        let role = recorded.filter(|recorded| recorded.is_there && !recorded.is_shared);
        let role = role.map(|recorded| recorded.role);
        let [user] = columns(self.own_texts("SELECT current_user::text").await?)?;
        let user = user.unwrap_or_default();
        let moved = moved(&self.config.schema, objects);
        let (wanted, listing) = (wanted(objects), objects::listing(&self.config.schema));
        let named = role.as_deref().map_or("NULL".to_owned(), literal);
        let sql = format!(
            "WITH wanted (kind, place, name) AS MATERIALIZED ({wanted}), listed AS MATERIALIZED ({listing})
             SELECT w.kind, w.place, w.name, pg_get_userbyid(l.owner)::text, coalesce(l.follows, false)::text,
                (w.kind = 'schema' AND EXISTS (SELECT FROM listed e WHERE e.place = w.name AND e.kind <> 'schema'
                    AND NOT e.follows AND NOT EXISTS (SELECT FROM wanted x
                        WHERE x.kind = e.kind AND x.place = e.place AND x.name = e.name)))::text
             FROM wanted w LEFT JOIN listed l ON l.kind = w.kind AND l.place = w.place AND l.name = w.name
             ORDER BY 1, 2, 3"
        );
        let mut holdings = Holdings { user, role, ..Holdings::default() };
        for row in self.own_texts(&sql).await? {
            let [kind, place, name, owner, follows, is_mixed] = columns(vec![row])?;
            let object = object(kind, place, name)?;
            match owner {
                Some(_) if is_mixed.as_deref() == Some("true") => holdings.staying.push(object),
                None => holdings.missing.push(object),
                // What belongs to a table goes with it.
                Some(_) if follows.as_deref() == Some("true") => {}
                Some(owner) if owner == holdings.user => holdings.moving.push(object),
                Some(owner) if Some(&owner) == holdings.role.as_ref() => holdings.held += 1,
                Some(owner) => holdings.foreign.push(Foreign { object, owner }),
            }
        }
        let moved = format!("SELECT oid FROM ({moved}) given");
        let functions = format!(
            "SELECT p.oid::regprocedure::text, ({})::text FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
             WHERE p.oid IN ({moved}) AND p.prokind IN ('f', 'p') AND pg_get_userbyid(p.proowner) IS DISTINCT FROM {named}
             AND (NOT p.prosecdef OR {}) ORDER BY 1",
            super::powers::question(),
            super::powers::question()
        );
        for row in self.own_texts(&functions).await? {
            let [name, is_closed] = columns(vec![row])?;
            let (name, is_closed) =
                (name.unwrap_or_default(), is_closed.as_deref() == Some("true"));
            holdings.functions.push(TurnedFunction { name, is_closed });
        }
        let code = format!(
            "SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid)
             FROM pg_depend d
             LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
             LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
             LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
             LEFT JOIN pg_policy o ON d.classid = 'pg_policy'::regclass AND o.oid = d.objid
             LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
             WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid IN ({moved})
                AND nullif(coalesce(t.tgrelid, a.adrelid, k.conrelid, o.polrelid, w.ev_class), 0) NOT IN ({moved})
             ORDER BY 1"
        );
        let code = self.own_texts(&code).await?;
        holdings.code_elsewhere = code.into_iter().flatten().flatten().collect();
        let reads = format!(
            "SELECT DISTINCT v.oid::regclass::text, c.oid::regclass::text,
                has_table_privilege(c.oid, 'SELECT WITH GRANT OPTION')::text
             FROM {READ_BY_VIEWS} AND v.oid IN ({moved}) AND c.oid NOT IN ({moved})
                AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                AND pg_get_userbyid(c.relowner) IS DISTINCT FROM {named} ORDER BY 1, 2"
        );
        for row in self.own_texts(&reads).await? {
            let [view, relation, may_give] = columns(vec![row])?;
            let (view, relation) = (view.unwrap_or_default(), relation.unwrap_or_default());
            let may_give = may_give.as_deref() == Some("true");
            holdings.reads.push(ViewRead { view, relation, may_give });
        }
        Ok(holdings)
    }

    /// Everything that a plugin could own, as it is there now.
    pub(super) async fn everything(&mut self) -> Result<Vec<Found>, BackendError> {
        let listing = objects::listing(&self.config.schema);
        let sql = format!("SELECT kind, place, name, oid::text FROM ({listing}) l");
        let found = |row| {
            let [kind, place, name, oid] = columns(vec![row])?;
            let identity = oid.and_then(|oid| oid.parse().ok());
            Ok(Found { object: object(kind, place, name)?, identity })
        };
        self.own_texts(&sql).await?.into_iter().map(found).collect()
    }

    /// What of a confined plugin's objects is not its role's any more; `None` if all of it is. Schemas that hold others' objects
    /// too never are.
    pub(super) async fn look_for_strays(
        &mut self,
        plugin: &PluginName,
    ) -> Result<Option<Strayed>, BackendError> {
        let Some(Recorded { role, is_there, .. }) = self.recorded_role(plugin).await? else {
            return Ok(None);
        };
        if !is_there {
            return Ok(Some(Strayed { role, is_missing: true, objects: Vec::new() }));
        }
        if !self.own_tables().await?.contains(OBJECT_TABLE) {
            return Ok(None);
        }
        let sql = format!(
            "WITH listed AS MATERIALIZED ({})
             SELECT l.kind, l.place, l.name, pg_get_userbyid(l.owner)::text
             FROM listed l JOIN {}alteration_object m ON m.kind = l.kind AND m.place = l.place AND m.name = l.name
             WHERE m.plugin = {} AND NOT l.follows AND l.kind <> 'schema' AND pg_get_userbyid(l.owner) <> {} ORDER BY 1, 2, 3",
            objects::listing(&self.config.schema),
            self.config.prefix,
            literal(plugin.as_str()),
            literal(&role)
        );
        let stray = |row| {
            let [kind, place, name, owner] = columns(vec![row])?;
            Ok(Foreign { object: object(kind, place, name)?, owner: owner.unwrap_or_default() })
        };
        let strays: Vec<Foreign> = self
            .own_texts(&sql)
            .await?
            .into_iter()
            .map(stray)
            .collect::<Result<_, BackendError>>()?;
        Ok((!strays.is_empty()).then_some(Strayed { role, is_missing: false, objects: strays }))
    }

    /// The role that is recorded for a plugin.
    pub(super) async fn recorded_role(
        &mut self,
        plugin: &PluginName,
    ) -> Result<Option<Recorded>, BackendError> {
        if !self.own_tables().await?.contains("alteration_role") {
            return Ok(None);
        }
        let sql = spell(
            "SELECT r.role, (a.oid IS NOT NULL)::text, EXISTS (SELECT FROM pg_shdepend s
                WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = a.oid AND s.dbid <> 0
                AND s.dbid <> (SELECT oid FROM pg_database WHERE datname = current_database()))::text
             FROM @role r LEFT JOIN pg_roles a ON a.rolname = r.role WHERE r.plugin = ?",
            &self.config.prefix,
            &[Cell::text(plugin.as_str())],
        );
        let rows = self.own_texts(&sql).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let [role, is_there, is_shared] = columns(rows)?;
        let is = |answer: Option<String>| answer.as_deref() == Some("true");
        let (is_there, is_shared) = (is(is_there), is(is_shared));
        Ok(Some(Recorded { role: role.unwrap_or_default(), is_there, is_shared }))
    }
}

fn object(
    kind: Option<String>,
    place: Option<String>,
    name: Option<String>,
) -> Result<Object, BackendError> {
    let kind = kind.unwrap_or_default().parse();
    let kind = kind.map_err(|()| BackendError::Corrupt("an object of no known kind".to_owned()))?;
    Ok(Object { kind, place: place.unwrap_or_default(), name: name.unwrap_or_default() })
}
