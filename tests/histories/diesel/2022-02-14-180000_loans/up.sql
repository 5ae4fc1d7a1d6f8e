CREATE TABLE loans (
    copy_id BIGINT NOT NULL REFERENCES copies (id),
    reader_id UUID NOT NULL REFERENCES readers (id),
    lent DATE NOT NULL,
    due DATE GENERATED ALWAYS AS (lent + 28) STORED,
    returned DATE,
    PRIMARY KEY (copy_id, lent),
    CHECK (returned IS NULL OR returned >= lent)
);
COMMENT ON TABLE loans IS 'one row a loan; never deleted';
INSERT INTO loans (copy_id, reader_id, lent) SELECT 1, id, DATE '2022-02-14' FROM readers;
