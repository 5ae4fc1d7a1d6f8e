-- Verify museum:visitors on pg

BEGIN;

SELECT 1 / count(*) FROM museum.visitors WHERE pays;

ROLLBACK;
