-- +goose Up
UPDATE products SET unit = 'kg' WHERE sku LIKE 'SUG%' AND unit <> 'kg';
