-- Verify museum:out_of_the_cellar on pg

BEGIN;

SELECT 1 / (count(*) - (SELECT count(*) FROM museum.exhibits WHERE room IS NULL)) FROM museum.exhibits;

ROLLBACK;
