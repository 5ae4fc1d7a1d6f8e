PRAGMA defer_foreign_keys = ON;
CREATE TABLE episodes_new (
    id INTEGER PRIMARY KEY,
    show_id INTEGER NOT NULL REFERENCES shows (id),
    title TEXT NOT NULL,
    seconds INTEGER NOT NULL DEFAULT 1 CHECK (seconds > 0),
    published_at TEXT,
    minutes REAL GENERATED ALWAYS AS (seconds / 60.0) VIRTUAL
);
INSERT INTO episodes_new (id, show_id, title, seconds, published_at)
SELECT id, show_id, title, coalesce(seconds, 1), published_at FROM episodes;
DROP TABLE episodes;
ALTER TABLE episodes_new RENAME TO episodes;
CREATE INDEX episodes_by_show ON episodes (show_id, published_at DESC);
CREATE UNIQUE INDEX episodes_title ON episodes (show_id, title COLLATE NOCASE);
PRAGMA defer_foreign_keys = OFF;
