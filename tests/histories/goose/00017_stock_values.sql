-- +goose Up
CREATE MATERIALIZED VIEW stock_values AS
SELECT s.sku, sum(s.quantity * p.cents)::bigint AS cents
FROM stock s JOIN prices p ON p.sku = s.sku AND p.valid_from = DATE '2022-06-01' GROUP BY s.sku;
CREATE UNIQUE INDEX ON stock_values (sku);
REFRESH MATERIALIZED VIEW stock_values;

-- +goose Down
DROP MATERIALIZED VIEW stock_values;
