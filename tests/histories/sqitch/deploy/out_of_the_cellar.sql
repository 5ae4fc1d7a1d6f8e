-- Deploy museum:out_of_the_cellar to pg

BEGIN;

UPDATE museum.exhibits SET room = 1 WHERE room IS NULL;

COMMIT;
