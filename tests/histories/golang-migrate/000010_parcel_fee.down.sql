ALTER TABLE parcels DROP COLUMN fee_cents;
