-- Revert museum:exhibits from pg

BEGIN;

DROP TABLE museum.exhibits;

COMMIT;
