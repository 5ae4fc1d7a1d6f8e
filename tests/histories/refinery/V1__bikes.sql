CREATE TABLE bikes (
    id    integer PRIMARY KEY,
    frame text NOT NULL UNIQUE,
    kind  text NOT NULL DEFAULT 'city' CHECK (kind IN ('city', 'cargo', 'tandem'))
);
