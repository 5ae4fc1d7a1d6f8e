-- +goose Up
INSERT INTO warehouses (name, site) VALUES ('Nord; Halle 1', '(53.55, 9.99)'), ('Süd -- Kühlhaus', NULL);
INSERT INTO products VALUES
    ('BOLT-8', 'Bolt M8', 'piece', '{"steel": true, "note": "a;b"}'),
    ('OIL-1', 'Öl', 'litre', '{}'),
    ('SUGAR', 'Sucre d''orge', 'kg', '{"from": ["FR", "BE"]}');
INSERT INTO stock SELECT w.id, p.sku, w.id * 10.125 FROM warehouses w, products p ORDER BY 1, 2;

-- +goose Down
DELETE FROM stock;
DELETE FROM products;
DELETE FROM warehouses;
ALTER SEQUENCE warehouses_id_seq RESTART;
