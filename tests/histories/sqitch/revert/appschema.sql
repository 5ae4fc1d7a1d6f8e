-- Revert museum:appschema from pg

BEGIN;

DROP SCHEMA museum;

COMMIT;
