//! Plugins that several tests deploy: small, and all of their output is known.

use crate::support::Sandbox;
use std::{fs, path::Path};

/// Three alterations of a shop in two versions.
pub const SHOP: [(&str, &str, &str); 3] = [
    (
        "1.0.0-1700000000-create-customers",
        "-- The customers table.\nCREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n",
        "DROP TABLE customers;\n",
    ),
    (
        "1.0.0-1700000100-first-customers",
        "INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace');\n",
        "DELETE FROM customers WHERE id IN (1, 2);\n",
    ),
    (
        "1.1.0-1700000200-create-orders",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL);\nCREATE INDEX orders_by_customer ON orders (customer_id);\n",
        "DROP TABLE orders;\n",
    ),
];

/// One alteration of an extension that needs the shop.
pub const CRM: [(&str, &str, &str); 1] = [(
    "2.0.0-1700000300-create-notes",
    "CREATE TABLE notes (customer_id INTEGER NOT NULL, text TEXT NOT NULL);\n",
    "DROP TABLE notes;\n",
)];

/// An alteration that runs on every database.
pub const A: (&str, &str, &str) = ("1.0.0-1-a", "CREATE TABLE a (x INT);\n", "DROP TABLE a;\n");

/// The row of the shop's last alteration.
pub const LAST: &str = "id = '1.1.0-1700000200-create-orders'";

/// The file of the shop's first alteration.
pub const FIRST: &str = "plugins/acme/shop/1.0.0-1700000000-create-customers.wasm";

/// A sandbox with both plugins, packed.
pub fn shop_and_crm() -> Sandbox {
    let sandbox = shop();
    sandbox.sql_plugin_requiring("globex/crm", "\"acme/shop\" = \">=1.1.0\"", &CRM);
    sandbox
}

/// A sandbox with the shop, packed.
pub fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/shop", &SHOP);
    // Only what is shipped stays.
    fs::remove_dir_all(sandbox.path().join("sources")).expect("a folder");
    sandbox
}

/// The shop's first component.
pub fn component() -> Vec<u8> {
    fs::read(shop().path().join(FIRST)).expect("a component")
}

/// An empty folder in place of what `path` was.
pub fn emptied(sandbox: &Sandbox, path: &str) {
    let path = sandbox.path().join(path);
    if Path::new(&path).exists() {
        fs::remove_dir_all(&path).expect("a folder");
    }
    fs::create_dir_all(&path).expect("a folder");
}

/// An alteration that only the renamed plugin has.
pub const NEWEST: (&str, &str, &str) = (
    "1.2.0-1700000400-create-bills",
    "CREATE TABLE bills (id INTEGER PRIMARY KEY);\n",
    "DROP TABLE bills;\n",
);

/// Packs `alterations` as a plugin that says that it replaces another one.
pub fn replacing(sandbox: &Sandbox, plugin: &str, old: &str, alterations: &[(&str, &str, &str)]) {
    let source = format!("sources/{plugin}");
    let _ = fs::remove_dir_all(sandbox.path().join(&source));
    sandbox.write(
        &format!("{source}/alteration.toml"),
        format!("plugin = \"{plugin}\"\nreplaces = \"{old}\"\n"),
    );
    for (id, up, down) in alterations {
        sandbox.write(&format!("{source}/{id}.up.sql"), up);
        sandbox.write(&format!("{source}/{id}.down.sql"), down);
    }
    sandbox.ok(&["pack", &source, "--out", &format!("plugins/{plugin}"), "--replace"]);
}

/// The shop is deployed; its files are those of the store now, which has one alteration more.
pub fn renamed(sandbox: &Sandbox) {
    sandbox.sql_plugin("acme/shop", &SHOP);
    sandbox.ok(&["deploy", "plugins"]);
    emptied(sandbox, "plugins");
    replacing(sandbox, "acme/store", "acme/shop", &[SHOP[0], SHOP[1], SHOP[2], NEWEST]);
}
