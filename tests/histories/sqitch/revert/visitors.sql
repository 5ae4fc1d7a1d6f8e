-- Revert museum:visitors from pg

BEGIN;

DROP TABLE museum.visitors;

COMMIT;
