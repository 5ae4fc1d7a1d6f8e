-- Deploy museum:states to pg

BEGIN;

CREATE TYPE museum.state AS ENUM ('shown', 'stored');
ALTER TABLE museum.exhibits ADD COLUMN state museum.state NOT NULL DEFAULT 'shown';

COMMIT;
