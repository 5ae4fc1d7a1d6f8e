-- +migrate Up
UPDATE breads SET cents = cents + 10 WHERE bakery = 1;

-- +migrate Down
-- Nothing brings the old prices back; the list of them stays.
UPDATE breads SET cents = cents - 10 WHERE bakery = 1;
DELETE FROM price_changes;
