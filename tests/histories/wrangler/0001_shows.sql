-- Migration number: 0001
CREATE TABLE shows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    language TEXT NOT NULL DEFAULT 'en'
);
CREATE TABLE episodes (
    id INTEGER PRIMARY KEY,
    show_id INTEGER NOT NULL REFERENCES shows (id),
    title TEXT NOT NULL,
    seconds INTEGER CHECK (seconds > 0),
    published_at TEXT
);
