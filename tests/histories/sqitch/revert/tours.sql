-- Revert museum:tours from pg

BEGIN;

DROP TABLE museum.tours;

COMMIT;
