-- Deploy museum:appschema to pg

BEGIN;

CREATE SCHEMA museum;

COMMIT;
