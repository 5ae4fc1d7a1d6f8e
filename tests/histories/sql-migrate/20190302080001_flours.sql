-- +migrate Up
CREATE TABLE flours (name text PRIMARY KEY, kilos numeric(8,2) NOT NULL DEFAULT 0);
-- +migrate Down
DROP TABLE flours;
-- +migrate Up
INSERT INTO flours VALUES ('rye', 120.5), ('wheat', 300);
