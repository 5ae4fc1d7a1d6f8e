//! The words and lines that a template leaves open.

use super::AddedHooks;
use alteration_domain::alteration::{AlterationId, PluginName};

/// How long a table's name may be on every database.
const TABLE_LEN_MAX: usize = 63;
/// Where a plugin's name is cut in its tables' names, so that theirs has room.
const PREFIX_LEN_MAX: usize = 32;

/// What a type in Rust or Python cannot be named without hiding a name that a template uses.
const TAKEN: [&str; 16] = [
    "Alteration",
    "Backfill",
    "Database",
    "Err",
    "False",
    "Finished",
    "More",
    "None",
    "Ok",
    "Option",
    "Preparation",
    "Result",
    "Self",
    "Some",
    "Step",
    "True",
];

/// What stands for `{{plugin}}` and the others in the files of a project.
pub(super) struct Words {
    words: [(&'static str, String); 9],
    hooks: AddedHooks,
}

impl Words {
    pub(super) fn new(plugin: &PluginName, id: &AlterationId, hooks: AddedHooks) -> Self {
        let name = plugin.name();
        let mut table = started(&name.replace(['.', '-'], "_"), "plugin_");
        table.truncate(PREFIX_LEN_MAX);
        let words = [
            // As `acme/order.notes`.
            ("{{plugin}}", plugin.to_string()),
            // As `order.notes`, the folder's name.
            ("{{name}}", name.to_owned()),
            // As `order-notes`, which every registry takes for a package.
            ("{{package}}", started(&name.replace('.', "-"), "plugin-")),
            // As `0.1.0-1700000000-create-tags`.
            ("{{id}}", id.to_string()),
            // As `0.1.0`.
            ("{{release}}", id.version().map(ToString::to_string).unwrap_or_default()),
            // As `create_tags_1700000000`, a module in Python.
            ("{{module}}", format!("{}_{}", underscored(id.name()), underscored(stamp(id)))),
            // As `CreateTags`.
            ("{{type}}", type_name(id.name())),
            // As `order_notes_create_tags`.
            ("{{own}}", own_table(&table, id)),
            // As `order_notes`, which every language takes for a name, and every database.
            ("{{table}}", table),
        ];
        Self { words, hooks }
    }

    /// Lines that start with `{{if backfill}}` or `{{if preparation}}` are left out where it is not asked
    /// for, those with `{{unless backfill}}` where it is.
    pub(super) fn fill(&self, text: &str) -> String {
        let conditions = [
            ("{{if preparation}}", self.hooks.preparation),
            ("{{if backfill}}", self.hooks.backfill),
            ("{{unless backfill}}", !self.hooks.backfill),
        ];
        let kept = |line| {
            let condition = conditions.iter().find_map(|(mark, holds)| {
                str::strip_prefix(line, mark).map(|line: &str| holds.then_some(line))
            });
            condition.unwrap_or(Some(line))
        };
        let text: String = text.split_inclusive('\n').filter_map(kept).collect();
        self.words.iter().fold(text, |text, (word, value)| text.replace(word, value))
    }
}

/// The digits between version and name.
fn stamp(id: &AlterationId) -> &str {
    let before = &id.as_str()[..id.as_str().len() - id.name().len() - 1];
    before.rsplit('-').next().unwrap_or(before)
}

/// Of the plugin's prefix and the alteration's name. The stamp follows where that is too long, or what the
/// first alteration of a new project calls its own.
fn own_table(prefix: &str, id: &AlterationId) -> String {
    let mut table = format!("{prefix}_{}", underscored(id.name()).to_ascii_lowercase());
    let is_first = table == format!("{prefix}_tags") && id.name() != super::FIRST_NAME;
    if is_first || table.len() > TABLE_LEN_MAX {
        let stamp: String = underscored(stamp(id)).chars().take(20).collect();
        table.truncate(TABLE_LEN_MAX - 1 - stamp.len());
        table = format!("{table}_{stamp}");
    }
    table
}

fn underscored(text: &str) -> String {
    text.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

fn type_name(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let name: String = words
        .filter_map(|word| word.split_at_checked(1))
        .map(|(first, rest)| first.to_ascii_uppercase() + rest)
        .collect();
    let name = started(&name, "Alteration");
    match name.is_empty() || TAKEN.contains(&name.as_str()) {
        true => format!("{name}Hooks"),
        false => name,
    }
}

/// With `prefix`, where it would start with a digit.
fn started(name: &str, prefix: &str) -> String {
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("{prefix}{name}"),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(plugin: &str, id: &str, hooks: AddedHooks) -> Words {
        Words::new(&plugin.parse().unwrap(), &id.parse().unwrap(), hooks)
    }

    #[test]
    fn fills() {
        let id = "0.1.0-17-create-tags";
        let table = [
            ("acme/notes", "acme/notes notes notes notes"),
            ("a/order.b-c", "a/order.b-c order.b-c order-b-c order_b_c"),
            ("a/2fa", "a/2fa 2fa plugin-2fa plugin_2fa"),
        ];
        for (plugin, expected) in table {
            let words = words(plugin, id, AddedHooks::default());
            let text = words.fill("{{plugin}} {{name}} {{package}} {{table}} {{id}} {{release}}");
            assert_eq!(text, format!("{expected} {id} 0.1.0"));
        }
    }

    #[test]
    fn an_alteration_names_its_module_type_and_table() {
        let table = [
            ("1.0.0-17-add-due-dates", "add_due_dates_17 AddDueDates n_add_due_dates"),
            ("next-17.5-x+y.z", "x_y_z_17_5 XYZ n_x_y_z"),
            ("1.0.0-17-2fa", "2fa_17 Alteration2fa n_2fa"),
            ("17-Result", "Result_17 ResultHooks n_result"),
            ("17-none", "none_17 NoneHooks n_none"),
            ("17-_", "__17 Hooks n__"),
            // The first alteration's table is called so.
            ("1.0.0-17-tags", "tags_17 Tags n_tags_17"),
        ];
        for (id, expected) in table {
            let words = words("acme/n", id, AddedHooks::default());
            assert_eq!(words.fill("{{module}} {{type}} {{own}}"), expected);
        }
    }

    #[test]
    fn a_table_is_no_longer_than_databases_allow() {
        let plugin = format!("acme/{}", "p".repeat(64));
        let id = format!("1.0.0-1700000000-{}", "x".repeat(150));
        let table = words(&plugin, &id, AddedHooks::default()).fill("{{own}}");
        assert_eq!(table.len(), TABLE_LEN_MAX);
        assert!(table.ends_with("x_1700000000"), "{table}");
    }

    #[test]
    fn lines_are_left_out() {
        let text = "a\n{{if backfill}}b\n{{unless backfill}}c\n{{if preparation}}d\ne\n";
        let table = [
            (false, false, "a\nc\ne\n"),
            (true, false, "a\nc\nd\ne\n"),
            (false, true, "a\nb\ne\n"),
            (true, true, "a\nb\nd\ne\n"),
        ];
        for (preparation, backfill, expected) in table {
            let words = words("acme/n", "17-x", AddedHooks { preparation, backfill });
            assert_eq!(words.fill(text), expected);
        }
    }
}
