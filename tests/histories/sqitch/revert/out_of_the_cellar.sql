-- Revert museum:out_of_the_cellar from pg

BEGIN;

UPDATE museum.exhibits SET room = was FROM museum.moves WHERE exhibit = id AND was IS NULL;
DELETE FROM museum.moves;

COMMIT;
