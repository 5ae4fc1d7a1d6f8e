-- Deploy museum:functions/room_of to pg

BEGIN;

CREATE OR REPLACE FUNCTION museum.room_of(title text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(rooms.name, 'the cellar') FROM museum.exhibits LEFT JOIN museum.rooms ON rooms.id = room
    WHERE exhibits.title = $1;
$$;

COMMIT;
