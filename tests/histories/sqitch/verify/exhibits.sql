-- Verify museum:exhibits on pg

BEGIN;

SELECT id, title, room, curator FROM museum.exhibits WHERE false;

ROLLBACK;
