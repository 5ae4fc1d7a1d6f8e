-- Revert museum:guides from pg

BEGIN;

DROP TABLE museum.guides;

COMMIT;
