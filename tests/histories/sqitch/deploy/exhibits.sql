-- Deploy museum:exhibits to pg

BEGIN;

CREATE TABLE museum.exhibits (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    room integer REFERENCES museum.rooms,
    curator text NOT NULL DEFAULT :'curator'
);
INSERT INTO museum.exhibits (title, room) VALUES ('Bowl', 1), ('Knife', 2), ('It''s a spoon', NULL);

COMMIT;
