-- +migrate Up
CREATE TABLE opening_hours (
    bakery integer REFERENCES bakeries,
    weekday smallint CHECK (weekday BETWEEN 1 AND 7),
    opens time NOT NULL,
    PRIMARY KEY (bakery, weekday)
);
-- +migrate Down
DROP TABLE opening_hours;
