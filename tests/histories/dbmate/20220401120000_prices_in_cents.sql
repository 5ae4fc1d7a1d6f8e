-- migrate:up transaction:false
-- A REAL holds no money. SQLite cannot alter a column: the table is made again.
PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE new_events (
    id INTEGER PRIMARY KEY,
    venue_id INTEGER NOT NULL REFERENCES venues (id),
    title TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    price_cents INTEGER NOT NULL DEFAULT 0 CHECK (price_cents >= 0)
);
INSERT INTO new_events SELECT id, venue_id, title, starts_at, CAST(round(coalesce(price, 0) * 100) AS INTEGER) FROM events;
DROP TABLE events;
ALTER TABLE new_events RENAME TO events;
CREATE INDEX events_by_start ON events (date(starts_at), venue_id);
PRAGMA foreign_key_check;
COMMIT;
PRAGMA foreign_keys = ON;

-- migrate:down transaction:false
PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE old_events (
    id INTEGER PRIMARY KEY,
    venue_id INTEGER REFERENCES venues (id),
    title TEXT,
    starts_at TEXT NOT NULL,
    price REAL
);
INSERT INTO old_events SELECT id, venue_id, title, starts_at, price_cents / 100.0 FROM events;
DROP TABLE events;
ALTER TABLE old_events RENAME TO events;
CREATE INDEX events_by_start ON events (date(starts_at), venue_id);
COMMIT;
PRAGMA foreign_keys = ON;
