-- Revert museum:income from pg

BEGIN;

DROP VIEW museum.income;

COMMIT;
