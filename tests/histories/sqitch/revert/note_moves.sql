-- Revert museum:note_moves from pg

BEGIN;

DROP TRIGGER note_move ON museum.exhibits;
DROP FUNCTION museum.note_move();
DROP TABLE museum.moves;

COMMIT;
