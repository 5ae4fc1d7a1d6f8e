-- migrate:up
CREATE TABLE holidays (day TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO holidays VALUES (date('2022-12-31', '+1 day'), 'New Year''s Day'), (date('2023-12-25'), 'Noël');

-- migrate:down
DROP TABLE holidays;
