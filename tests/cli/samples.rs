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
