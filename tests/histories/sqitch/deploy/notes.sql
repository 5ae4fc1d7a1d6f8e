-- Deploy museum:notes to pg

BEGIN;

COMMENT ON TABLE museum.visitors IS 'Days, and whether they paid';

COMMIT;
