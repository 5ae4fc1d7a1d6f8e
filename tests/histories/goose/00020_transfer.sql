-- +goose Up
-- +goose StatementBegin
CREATE PROCEDURE transfer(what text, amount numeric, from_id int, to_id int) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO movements (at, warehouse_id, sku, quantity) VALUES
        ('2022-12-24 12:00+00', from_id, what, -amount), ('2022-12-24 12:00+00', to_id, what, amount);
    -- A zero; or less; is no transfer.
    ASSERT amount > 0, 'no transfer';
END $$;
-- +goose StatementEnd
CALL transfer('SUGAR', 2.5, 1, 2);

-- +goose Down
UPDATE stock s SET quantity = s.quantity - m.quantity FROM movements m
WHERE m.at = '2022-12-24 12:00+00' AND m.sku = s.sku AND m.warehouse_id = s.warehouse_id;
DELETE FROM movements WHERE at = '2022-12-24 12:00+00';
SELECT setval('movements_id_seq', 2);
DROP PROCEDURE transfer;
