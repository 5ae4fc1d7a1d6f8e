-- Verify museum:comfort on pg

BEGIN;

SELECT benches FROM museum.rooms WHERE false;

ROLLBACK;
