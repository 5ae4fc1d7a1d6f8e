CREATE DOMAIN cents AS INTEGER NOT NULL CHECK (VALUE >= 0);
CREATE TABLE fees (
    id SERIAL PRIMARY KEY,
    reader_id UUID NOT NULL REFERENCES readers (id),
    amount cents,
    reason JSONB NOT NULL
);
INSERT INTO fees (reader_id, amount, reason)
SELECT reader_id, 50, jsonb_build_object('late since', due, 'text', 'it''s late; pay $$ now') FROM loans;
