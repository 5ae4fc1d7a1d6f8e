-- Deploy museum:tours to pg

BEGIN;

CREATE TABLE museum.tours (guide text REFERENCES museum.guides, starts timestamptz, PRIMARY KEY (guide, starts));
INSERT INTO museum.tours VALUES ('Ada', '2020-05-01 10:00+02');

COMMIT;
