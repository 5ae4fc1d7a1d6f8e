-- +migrate Up
CREATE TABLE shifts (name text REFERENCES staff, begins timestamptz NOT NULL);
-- +migrate Down
DROP TABLE shifts;
