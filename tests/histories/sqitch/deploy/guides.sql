-- Deploy museum:guides to pg

BEGIN;

CREATE TABLE museum.guides (name text PRIMARY KEY, languages text[] NOT NULL DEFAULT '{}');
INSERT INTO museum.guides VALUES ('Ada', '{de,"en, slowly"}');

COMMIT;
