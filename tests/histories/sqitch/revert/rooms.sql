-- Revert museum:rooms from pg

BEGIN;

DROP TABLE museum.rooms;

COMMIT;
