-- +goose Up
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX products_title_trgm ON products USING gin (title gin_trgm_ops);
CREATE INDEX products_steel ON products ((attributes ->> 'steel')) WHERE attributes ? 'steel';

-- +goose Down
DROP INDEX products_steel;
DROP INDEX products_title_trgm;
DROP EXTENSION pg_trgm;
