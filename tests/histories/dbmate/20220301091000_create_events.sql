-- migrate:up
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    venue_id INTEGER REFERENCES venues (id),
    title TEXT,
    starts_at TEXT NOT NULL,
    price REAL
);

-- migrate:down
DROP TABLE events;
