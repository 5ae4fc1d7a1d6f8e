-- migrate:up
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (json_valid(value))) WITHOUT ROWID;
INSERT INTO settings VALUES
    ('mail', '{"from": "box@example.org", "footer": "Thank you;\n-- the box office"}'),
    ('fees', json_object('card', 0.3, 'steps', json_array(1, 2, 5)));

-- migrate:down
DROP TABLE settings;
