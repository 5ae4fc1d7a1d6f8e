ALTER TABLE parcels DROP COLUMN litres, DROP COLUMN height_mm, DROP COLUMN width_mm, DROP COLUMN length_mm;
