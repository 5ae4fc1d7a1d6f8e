-- +goose Up
CREATE TABLE counts (
    warehouse_id int NOT NULL REFERENCES warehouses,
    counted_on date NOT NULL,
    found jsonb NOT NULL,
    PRIMARY KEY (warehouse_id, counted_on)
);
INSERT INTO counts
SELECT warehouse_id, DATE '2022-12-31', jsonb_object_agg(sku, quantity ORDER BY sku)
FROM stock GROUP BY warehouse_id;

-- +goose Down
DROP TABLE counts;
