ALTER TABLE books ADD COLUMN words TSVECTOR
    GENERATED ALWAYS AS (to_tsvector('simple', title)) STORED;
CREATE INDEX books_words ON books USING gin (words);
