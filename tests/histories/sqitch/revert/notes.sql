-- Revert museum:notes from pg

BEGIN;

COMMENT ON TABLE museum.visitors IS NULL;

COMMIT;
