--liquibase formatted sql

--changeset eve:delays
CREATE TABLE delays (train integer NOT NULL REFERENCES trains, minutes integer NOT NULL CHECK (minutes > 0));
INSERT INTO delays SELECT number, n FROM trains, generate_series(1, 20) AS n WHERE n % number = 0;
--rollback DROP TABLE delays;

--changeset eve:worst
CREATE VIEW worst AS SELECT train, max(minutes) AS minutes FROM delays GROUP BY train;
--rollback DROP VIEW worst;

--changeset eve:not-the-worst
DROP VIEW worst;
--rollback changesetId:worst changesetAuthor:eve
--ignoreLines:start
DROP TABLE stations;
--ignoreLines:end
--ignoreLines:1
DROP TABLE lines;

--changeset eve:comment labels:docs context:!test
COMMENT ON TABLE delays IS 'In minutes;
of ${width} at most';
--rollback COMMENT ON TABLE delays IS NULL;

--changeset eve:ignored ignore:true
DROP TABLE delays;
