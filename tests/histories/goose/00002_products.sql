-- +goose Up
CREATE TYPE unit AS ENUM ('piece', 'kg', 'litre');
CREATE TABLE products (
    sku        varchar(24) PRIMARY KEY,
    title      text NOT NULL,
    unit       unit NOT NULL DEFAULT 'piece',
    attributes jsonb NOT NULL DEFAULT '{}'
);

-- +goose Down
DROP TABLE products;
DROP TYPE unit;
