-- Revert museum:states from pg

BEGIN;

ALTER TABLE museum.exhibits DROP COLUMN state;
DROP TYPE museum.state;

COMMIT;
