-- Deploy museum:loans to pg

BEGIN;

CREATE TABLE museum.loans (exhibit integer PRIMARY KEY REFERENCES museum.exhibits, until date NOT NULL);
INSERT INTO museum.loans SELECT id, '2031-05-06' FROM museum.exhibits WHERE title = 'Knife';

COMMIT;
