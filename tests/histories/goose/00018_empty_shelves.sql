-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY stock_empty ON stock (warehouse_id) WHERE quantity = 0;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS stock_empty;
