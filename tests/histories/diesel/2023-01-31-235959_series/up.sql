CREATE TABLE series (
    id SERIAL PRIMARY KEY,
    title VARCHAR NOT NULL,
    parent INTEGER REFERENCES series (id)
);
INSERT INTO series (title, parent) VALUES ('Sämtliche Werke', NULL), ('Band 1', 1), ('Band 1.1', 2);
ALTER TABLE books ADD COLUMN series_id INTEGER REFERENCES series (id);
UPDATE books SET series_id = tops.id
FROM (WITH RECURSIVE up AS (SELECT id, parent FROM series WHERE title = 'Band 1.1' UNION ALL SELECT s.id, s.parent FROM series s JOIN up ON s.id = up.parent) SELECT id FROM up WHERE parent IS NULL) AS tops
WHERE 'Bertolt Brecht' = ANY (books.authors);
