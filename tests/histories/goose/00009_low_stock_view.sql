-- +goose Up
CREATE VIEW low_stock AS
SELECT w.name AS warehouse, p.title, s.quantity, p.unit
FROM stock s JOIN warehouses w ON w.id = s.warehouse_id JOIN products p USING (sku)
WHERE s.quantity < 15;

-- +goose Down
DROP VIEW low_stock;
