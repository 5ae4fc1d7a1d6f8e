-- Verify museum:loans on pg

BEGIN;

SELECT 1 / count(*) FROM museum.loans;

ROLLBACK;
