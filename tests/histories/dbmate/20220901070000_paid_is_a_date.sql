-- migrate:up transaction:false
-- The children of this table stay: nobody looks while it is made again.
PRAGMA foreign_keys=off;
CREATE TABLE orders_new (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    placed_at TEXT NOT NULL,
    paid_at TEXT,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'void', 'refunded'))
);
INSERT INTO orders_new (id, customer_id, placed_at, paid_at, state)
SELECT id, customer_id, placed_at, iif(state = 'paid', date(placed_at, '+1 day', 'start of month'), NULL), state FROM orders;
DROP TABLE orders;
ALTER TABLE orders_new RENAME TO orders;
CREATE UNIQUE INDEX orders_one_open ON orders (customer_id) WHERE state = 'open';
PRAGMA foreign_keys=on;

-- migrate:down transaction:false
PRAGMA foreign_keys=off;
CREATE TABLE orders_new (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    placed_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'void'))
);
INSERT INTO orders_new SELECT id, customer_id, placed_at, iif(state = 'refunded', 'void', state) FROM orders;
DROP TABLE orders;
ALTER TABLE orders_new RENAME TO orders;
CREATE UNIQUE INDEX orders_one_open ON orders (customer_id) WHERE state = 'open';
PRAGMA foreign_keys=on;
