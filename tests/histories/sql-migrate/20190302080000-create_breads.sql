-- +migrate Up
CREATE TABLE breads (
    id integer PRIMARY KEY,
    bakery integer NOT NULL REFERENCES bakeries,
    title text NOT NULL,
    cents integer NOT NULL CHECK (cents > 0)
);
CREATE INDEX breads_by_bakery ON breads (bakery); INSERT INTO breads VALUES (1, 1, 'Rye', 420);
INSERT INTO breads VALUES
    (2, 1, 'Spelt -- organic', 510), -- and the last
    (3, 2, 'Baguette', 190);

-- +migrate Down
DROP INDEX breads_by_bakery; DROP TABLE breads;
