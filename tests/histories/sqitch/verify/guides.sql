-- Verify museum:guides on pg

BEGIN;

SELECT 1 / count(*) FROM museum.guides WHERE 'de' = ANY (languages);

ROLLBACK;
