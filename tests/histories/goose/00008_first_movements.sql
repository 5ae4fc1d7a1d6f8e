-- +goose Up
INSERT INTO movements (at, warehouse_id, sku, quantity) VALUES
    ('2022-03-01 08:00:00+01', 1, 'BOLT-8', -4),
    ('2022-03-27 02:30:00+00', 2, 'OIL-1', 100.5);

-- +goose Down
DELETE FROM movements;
UPDATE stock SET quantity = warehouse_id * 10.125;
ALTER SEQUENCE movements_id_seq RESTART;
