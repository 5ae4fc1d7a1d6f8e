-- +goose Up
-- +goose ENVSUB ON
COMMENT ON TABLE warehouses IS 'kept by ${COMPANY}; since $YEAR';
-- +goose ENVSUB OFF
COMMENT ON TABLE stock IS 'costs $ a day';
INSERT INTO warehouses (name) VALUES ('$COMPANY is not replaced here');

-- +goose Down
DELETE FROM warehouses WHERE name LIKE '$%';
SELECT setval('warehouses_id_seq', 2);
COMMENT ON TABLE warehouses IS NULL;
COMMENT ON TABLE stock IS NULL;
