-- Deploy museum:archive to pg

BEGIN;
CREATE TABLE museum.archive (LIKE museum.visitors);
INSERT INTO museum.archive SELECT * FROM museum.visitors WHERE came < '2020-03-11';
COMMIT;
