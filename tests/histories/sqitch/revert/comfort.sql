-- Revert museum:comfort from pg

BEGIN;

ALTER TABLE museum.rooms DROP COLUMN benches;

COMMIT;
