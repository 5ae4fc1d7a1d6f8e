-- Verify museum:archive on pg

BEGIN;

SELECT 1 / count(*) FROM museum.archive;

ROLLBACK;
