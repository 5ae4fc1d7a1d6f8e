ALTER TABLE parcels ADD COLUMN fee_cents INT NOT NULL DEFAULT 0 AFTER weight_grams;
UPDATE parcels SET fee_cents = fee_cents(weight_grams);
