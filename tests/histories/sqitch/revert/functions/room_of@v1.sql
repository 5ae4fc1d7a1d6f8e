-- Revert museum:functions/room_of from pg

BEGIN;

DROP FUNCTION museum.room_of(text);

COMMIT;
