-- +goose Up
-- +goose StatementBegin
DO $do$
DECLARE
    product record;
BEGIN
    FOR product IN SELECT sku FROM products ORDER BY sku LOOP
        EXECUTE format($sql$ UPDATE prices SET cents = cents + 1 WHERE sku = %L; $sql$, product.sku);
    END LOOP;
END;
$do$;
-- +goose StatementEnd

-- +goose Down
UPDATE prices SET cents = cents - 1;
