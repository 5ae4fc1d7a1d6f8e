//! A project of SQL files, which needs no toolchain.

use super::Template;

pub(super) fn templates() -> Vec<Template> {
    vec![
        ("README.md", include_str!("templates/sql/README.md")),
        (".gitignore", include_str!("templates/all/gitignore")),
        ("test", include_str!("templates/sql/test")),
        ("sql/alteration.toml", include_str!("templates/sql/alteration.toml")),
        ("sql/{{id}}.up.sql", include_str!("templates/sql/up.sql")),
        ("sql/{{id}}.down.sql", include_str!("templates/sql/down.sql")),
    ]
}
