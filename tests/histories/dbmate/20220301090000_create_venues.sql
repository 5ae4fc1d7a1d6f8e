-- migrate:up
CREATE TABLE venues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    city TEXT NOT NULL COLLATE NOCASE
);

-- migrate:down
DROP TABLE venues;
