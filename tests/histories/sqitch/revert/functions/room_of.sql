-- Revert museum:functions/room_of from pg

BEGIN;

CREATE OR REPLACE FUNCTION museum.room_of(title text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT rooms.name FROM museum.exhibits JOIN museum.rooms ON rooms.id = room WHERE exhibits.title = $1; -- one at most
$$;

COMMIT;
