-- Revert museum:loans from pg

BEGIN;

DROP TABLE museum.loans;

COMMIT;
