-- +migrate Up
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bread integer NOT NULL REFERENCES breads, pieces integer NOT NULL);
INSERT INTO orders (bread, pieces) SELECT id, id * 2 FROM breads ORDER BY id;
-- +migrate Down
DROP TABLE orders;
