-- Deploy museum:visitors to pg

BEGIN;

CREATE TABLE museum.visitors (
    id bigint PRIMARY KEY,
    came date NOT NULL,
    pays boolean NOT NULL
);
INSERT INTO museum.visitors SELECT n, date '2020-03-01' + n, n % 3 <> 0 FROM generate_series(1, 40) AS n;

COMMIT;
