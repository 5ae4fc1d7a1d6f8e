-- Verify museum:tours on pg

BEGIN;

SELECT guide, starts FROM museum.tours WHERE false;

ROLLBACK;
