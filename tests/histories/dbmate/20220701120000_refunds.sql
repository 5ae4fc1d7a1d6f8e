-- migrate:up
CREATE TABLE refunds (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    cents INTEGER NOT NULL,
    fee_cents INTEGER GENERATED ALWAYS AS (cents / 20) STORED,
    paid_cents INTEGER AS (cents - fee_cents) VIRTUAL
) STRICT;
INSERT INTO refunds (order_id, cents) VALUES (1, 8950);

-- migrate:down
DROP TABLE refunds;
