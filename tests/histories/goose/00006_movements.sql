-- +goose Up
-- +goose StatementBegin
CREATE TABLE movements (
    id        bigserial PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT now(),
    warehouse_id integer NOT NULL,
    sku       varchar(24) NOT NULL,
    quantity  numeric(12, 3) NOT NULL CHECK (quantity <> 0),
    FOREIGN KEY (warehouse_id, sku) REFERENCES stock (warehouse_id, sku)
);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION book_movement() RETURNS trigger AS $$
DECLARE
    remaining numeric;
BEGIN
    UPDATE stock SET quantity = quantity + NEW.quantity
    WHERE warehouse_id = NEW.warehouse_id AND sku = NEW.sku
    RETURNING quantity INTO remaining;
    IF remaining < 0 THEN
        RAISE EXCEPTION 'not enough of %; % are missing', NEW.sku, -remaining;
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
-- +goose StatementEnd

CREATE TRIGGER movements_book BEFORE INSERT ON movements FOR EACH ROW EXECUTE FUNCTION book_movement();

-- +goose Down
DROP TABLE movements;
DROP FUNCTION book_movement();
