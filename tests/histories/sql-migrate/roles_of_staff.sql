-- +migrate Up
CREATE TABLE staff (name text PRIMARY KEY, role text NOT NULL);
INSERT INTO staff VALUES ('Ada', 'baker');
-- +migrate Down
DROP TABLE staff;
