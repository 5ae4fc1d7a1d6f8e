//! The words that a template leaves open.

use crate::alteration::PluginName;

/// What stands for `{{plugin}}` and the others in the files of a new project.
pub(super) struct Words([(&'static str, String); 5]);

impl Words {
    pub(super) fn new(plugin: &PluginName, now: u64) -> Self {
        let name = plugin.name();
        Self([
            // As `acme/order.notes`.
            ("{{plugin}}", plugin.to_string()),
            // As `order.notes`, the folder's name.
            ("{{name}}", name.to_owned()),
            // As `order-notes`, which every registry takes for a package.
            ("{{package}}", started(&name.replace('.', "-"), "plugin-")),
            // As `order_notes`, which every language takes for a name, and every database.
            ("{{table}}", started(&name.replace(['.', '-'], "_"), "plugin_")),
            ("{{id}}", format!("0.1.0-{now}-create-tags")),
        ])
    }

    pub(super) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
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

    #[test]
    fn fills() {
        let table = [
            ("acme/notes", "acme/notes notes notes notes 0.1.0-17-create-tags"),
            ("a/order.b-c", "a/order.b-c order.b-c order-b-c order_b_c 0.1.0-17-create-tags"),
            ("a/2fa", "a/2fa 2fa plugin-2fa plugin_2fa 0.1.0-17-create-tags"),
        ];
        for (plugin, expected) in table {
            let words = Words::new(&plugin.parse().unwrap(), 17);
            let text = "{{plugin}} {{name}} {{package}} {{table}} {{id}}";
            assert_eq!(words.fill(text), expected);
        }
    }
}
