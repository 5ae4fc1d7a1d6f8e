-- +migrate Up
-- +migrate StatementBegin
COMMENT ON TABLE orders IS 'What was asked for;
-- and no part of the text to sql-migrate
not what was paid';
-- +migrate StatementEnd
COMMENT ON COLUMN orders.pieces IS '-- never zero';
-- +migrate Down
COMMENT ON TABLE orders IS NULL;
COMMENT ON COLUMN orders.pieces IS NULL;
