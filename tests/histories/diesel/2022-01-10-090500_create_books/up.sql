CREATE TABLE books (
    id SERIAL PRIMARY KEY,
    isbn CHAR(13) UNIQUE,
    title VARCHAR NOT NULL,
    authors TEXT[] NOT NULL,
    published SMALLINT CHECK (published BETWEEN 1400 AND 2200),
    updated_at TIMESTAMP
);
SELECT manage_updated_at('books');
