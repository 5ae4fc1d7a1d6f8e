-- Revert museum:archive from pg

BEGIN;

DROP TABLE museum.archive;

COMMIT;
