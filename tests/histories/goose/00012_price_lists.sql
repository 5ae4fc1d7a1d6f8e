-- +goose Up
CREATE TABLE prices (
    sku    varchar(24) NOT NULL REFERENCES products,
    valid  daterange NOT NULL,
    cents  integer NOT NULL
) PARTITION BY RANGE (lower(valid));
-- +goose Down
DROP TABLE prices;
