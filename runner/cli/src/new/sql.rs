//! A project of SQL files, which needs no toolchain.

use super::{AddedHooks, Template};

pub(super) fn templates() -> Vec<Template> {
    vec![
        ("README.md", include_str!("templates/sql/README.md")),
        (".gitignore", include_str!("templates/all/gitignore")),
        ("sql/alteration.toml", include_str!("templates/sql/alteration.toml")),
        ("sql/{{id}}.up.sql", include_str!("templates/sql/up.sql")),
        ("sql/{{id}}.down.sql", include_str!("templates/sql/down.sql")),
    ]
}

/// A file for each hook.
pub(super) fn added(hooks: AddedHooks) -> Vec<Template> {
    let mut added = vec![
        ("sql/{{id}}.up.sql", include_str!("templates/sql/add/up.sql")),
        ("sql/{{id}}.down.sql", include_str!("templates/sql/add/down.sql")),
    ];
    if hooks.preparation {
        added.extend([
            ("sql/{{id}}.before-up.sql", include_str!("templates/sql/add/before-up.sql")),
            ("sql/{{id}}.before-down.sql", include_str!("templates/sql/add/before-down.sql")),
        ]);
    }
    if hooks.backfill {
        added.push(("sql/{{id}}.step.sql", include_str!("templates/sql/add/step.sql")));
    }
    added
}
