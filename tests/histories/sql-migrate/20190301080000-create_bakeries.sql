This line is before the first mark, where sql-migrate looks at nothing.
-- +migrate Up
-- A bakery has a name; its town may be unknown.
CREATE TABLE bakeries (
    id integer PRIMARY KEY,
    name text NOT NULL,
    town text
);
INSERT INTO bakeries VALUES (1, 'Möhrenbäck', 'Köln'), (2, 'Crumb; & Co.', NULL);

-- +migrate Down
DROP TABLE bakeries;
