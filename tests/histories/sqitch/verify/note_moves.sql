-- Verify museum:note_moves on pg

BEGIN;

SELECT exhibit, was, now FROM museum.moves WHERE false;

ROLLBACK;
