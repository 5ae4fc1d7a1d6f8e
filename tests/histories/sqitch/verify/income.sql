-- Verify museum:income on pg

BEGIN;

SELECT month, euros FROM museum.income WHERE false;

ROLLBACK;
