-- liquibase formatted sql

--property name:width value:40
--property name:maker value:"Müller"

-- changeset ada:trains
CREATE TABLE trains (
    number integer PRIMARY KEY,
    maker varchar(${width}) NOT NULL DEFAULT '${maker}',
    line char(2) REFERENCES lines
);
INSERT INTO trains (number, line) VALUES (7, 'A1'), (9, 'A2');
-- rollback DROP TABLE trains;

--CHANGESET ada:note-lines endDelimiter://
CREATE TABLE changes_of_line (train integer, line char(2))//
CREATE FUNCTION note_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Liquibase takes this out of the body,
    /* and this
       too */
    INSERT INTO changes_of_line VALUES (new.number, new.line);
    RETURN new; -- and what is here
END;
$$//
CREATE TRIGGER note_line AFTER UPDATE OF line ON trains
    FOR EACH ROW EXECUTE FUNCTION note_line()//
--rollback DROP TRIGGER note_line ON trains;
--rollback DROP FUNCTION note_line();
--rollback DROP TABLE changes_of_line;

--changeset ada:keep-comments splitStatements:false stripComments:false
CREATE FUNCTION stops(line char) RETURNS bigint LANGUAGE sql AS $$
    -- both ends
    SELECT 2::bigint FROM lines WHERE code = line;
$$;
--rollback DROP FUNCTION stops(char);

--changeset bob:swap
UPDATE trains SET line = CASE line WHEN 'A1' THEN 'A2' ELSE 'A1' END;
--rollback UPDATE trains SET line = CASE line WHEN 'A1' THEN 'A2' ELSE 'A1' END;
--rollback DELETE FROM changes_of_line;

--changeset bob:by-line runInTransaction:false
CREATE INDEX CONCURRENTLY trains_by_line ON trains (line);
CREATE INDEX CONCURRENTLY trains_by_maker ON trains (maker);
--rollback DROP INDEX CONCURRENTLY trains_by_line;
--rollback DROP INDEX CONCURRENTLY trains_by_maker;

--changeset bob:kinds
CREATE TYPE kind AS ENUM ('slow', 'fast');
ALTER TABLE trains ADD COLUMN kind kind NOT NULL DEFAULT 'slow';
--rollback ALTER TABLE trains DROP COLUMN kind;
--rollback DROP TYPE kind;

--changeset bob:night runInTransaction:false
ALTER TYPE kind ADD VALUE 'night';
UPDATE trains SET kind = 'night' WHERE number = 9;
--rollback UPDATE trains SET kind = 'slow';
--rollback ALTER TABLE trains ALTER COLUMN kind DROP DEFAULT;
--rollback ALTER TYPE kind RENAME TO kind_with_night;
--rollback CREATE TYPE kind AS ENUM ('slow', 'fast');
--rollback ALTER TABLE trains ALTER COLUMN kind TYPE kind USING kind::text::kind;
--rollback ALTER TABLE trains ALTER COLUMN kind SET DEFAULT 'slow';
--rollback DROP TYPE kind_with_night;

--changeset bob:clean
--comment: Nothing to bring back.
ANALYZE stations;
--rollback empty
