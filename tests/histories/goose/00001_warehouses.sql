-- +goose Up
CREATE TABLE warehouses (
    id   serial PRIMARY KEY,
    name text NOT NULL,
    site point
);

-- +goose Down
DROP TABLE warehouses;
