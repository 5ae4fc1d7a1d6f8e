-- migrate:up
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    placed_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'void'))
);
CREATE TABLE tickets (
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    event_id INTEGER NOT NULL REFERENCES events (id),
    seat TEXT NOT NULL,
    PRIMARY KEY (event_id, seat)
) WITHOUT ROWID;

-- migrate:down
DROP TABLE tickets;
DROP TABLE orders;
