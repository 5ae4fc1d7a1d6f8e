-- Deploy museum:comfort to pg

BEGIN;

ALTER TABLE museum.rooms ADD COLUMN benches smallint NOT NULL DEFAULT 0;
UPDATE museum.rooms SET benches = id * 2;

COMMIT;
