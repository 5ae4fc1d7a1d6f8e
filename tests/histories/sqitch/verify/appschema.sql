-- Verify museum:appschema on pg

BEGIN;

SELECT 1 / count(*) FROM information_schema.schemata WHERE schema_name = 'museum';

ROLLBACK;
