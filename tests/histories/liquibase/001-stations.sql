--liquibase formatted sql

--changeset ada:stations
--comment: Where trains stop.
CREATE TABLE stations (
    id integer PRIMARY KEY,
    name text NOT NULL UNIQUE, -- as it is written on the sign
    opened date
);
--rollback DROP TABLE stations;

--changeset ada:names runOnChange:true
/* Made again
   whenever it changes. */
CREATE OR REPLACE VIEW names AS SELECT name FROM stations;

--changeset ada:first-stations
INSERT INTO stations VALUES
    (1, 'Süd; main hall', '1871-05-01'), (2, 'Old -- Mill', NULL);
INSERT INTO stations VALUES (3, 'It''s /* not */ here', '1902-11-30');
--rollback DELETE FROM stations WHERE id = 1;
--rollback DELETE FROM stations WHERE id > 1;

--changeset bob:lines dbms:postgresql,h2
CREATE TABLE lines (
    code char(2) PRIMARY KEY,
    first_station integer NOT NULL REFERENCES stations,
    last_station integer NOT NULL REFERENCES stations
);
--rollback DROP TABLE lines

--changeset bob:other-database dbms:oracle
CREATE TABLE nowhere (a NUMBER(10));

--changeset bob:"two words" splitStatements:true
INSERT INTO lines VALUES ('A1', 1, 2);
INSERT INTO lines VALUES ('A2', 2, 3);
/* liquibase rollback
DELETE FROM lines WHERE code = 'A1';
DELETE FROM lines;
*/
