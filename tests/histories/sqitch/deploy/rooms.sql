-- Deploy museum:rooms to pg

SET client_min_messages = warning;

BEGIN;

CREATE TABLE museum.rooms (
    id integer PRIMARY KEY,
    name text NOT NULL UNIQUE
);
INSERT INTO museum.rooms VALUES (1, 'Hall'), (2, 'Höhle; cave');

COMMIT;
