-- +goose Up
-- A key cannot be an expression: the list is partitioned by a column of its own.
DROP TABLE prices;
CREATE TABLE prices (
    sku        varchar(24) NOT NULL REFERENCES products,
    valid_from date NOT NULL,
    cents      integer NOT NULL,
    PRIMARY KEY (sku, valid_from)
) PARTITION BY RANGE (valid_from);
CREATE TABLE prices_2022 PARTITION OF prices FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
CREATE TABLE prices_later PARTITION OF prices DEFAULT;
INSERT INTO prices SELECT sku, d::date, 100 + length(title) * 7 FROM products, generate_series(timestamp '2022-06-01', '2023-06-01', '1 year') AS d;

-- +goose Down
DROP TABLE prices;
CREATE TABLE prices (
    sku    varchar(24) NOT NULL REFERENCES products,
    valid  daterange NOT NULL,
    cents  integer NOT NULL
) PARTITION BY RANGE (lower(valid));
