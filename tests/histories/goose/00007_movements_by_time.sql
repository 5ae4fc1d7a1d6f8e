-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY movements_by_time ON movements USING brin (at);
CREATE INDEX CONCURRENTLY movements_by_sku ON movements (sku, at DESC);

-- +goose Down
DROP INDEX CONCURRENTLY movements_by_sku;
DROP INDEX CONCURRENTLY movements_by_time;
