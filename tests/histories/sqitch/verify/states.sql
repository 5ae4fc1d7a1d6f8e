-- Verify museum:states on pg

BEGIN;

SELECT 'shown'::museum.state;

ROLLBACK;
