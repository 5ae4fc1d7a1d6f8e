-- Deploy museum:archive to pg

BEGIN;
CREATE TABLE museum.archive (LIKE museum.visitors);
COMMIT;

BEGIN;
INSERT INTO museum.archive SELECT * FROM museum.visitors WHERE came < '2020-03-11';
COMMIT;
