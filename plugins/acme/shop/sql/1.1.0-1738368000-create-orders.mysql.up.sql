CREATE TABLE orders (
    id          INTEGER AUTO_INCREMENT PRIMARY KEY,
    customer_id INTEGER NOT NULL,
    placed_at   DATETIME NOT NULL,
    total_cents INTEGER NOT NULL,
    status      VARCHAR(20) NOT NULL DEFAULT 'placed',
    -- The foreign key needs the index, which therefore goes with the table.
    INDEX orders_by_customer (customer_id, placed_at),
    FOREIGN KEY (customer_id) REFERENCES customers (id)
);
