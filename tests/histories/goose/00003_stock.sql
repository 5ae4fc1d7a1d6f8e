-- +goose Up
CREATE TABLE stock (
    warehouse_id integer NOT NULL REFERENCES warehouses (id),
    sku          varchar(24) NOT NULL REFERENCES products (sku) ON UPDATE CASCADE,
    quantity     numeric(12, 3) NOT NULL DEFAULT 0,
    PRIMARY KEY (warehouse_id, sku)
);

-- +goose Down
DROP TABLE stock;
