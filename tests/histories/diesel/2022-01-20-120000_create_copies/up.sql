CREATE TYPE condition AS ENUM ('new', 'used', 'worn');
CREATE TABLE copies (
    id BIGSERIAL PRIMARY KEY,
    book_id INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    condition condition NOT NULL DEFAULT 'new'
);
INSERT INTO copies (book_id, branch_id) SELECT books.id, branches.id FROM books, branches ORDER BY 1, 2;
