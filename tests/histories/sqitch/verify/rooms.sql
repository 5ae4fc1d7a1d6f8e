-- Verify museum:rooms on pg

BEGIN;

SELECT id, name FROM museum.rooms WHERE false;

ROLLBACK;
