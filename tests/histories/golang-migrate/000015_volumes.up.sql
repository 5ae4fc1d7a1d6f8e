ALTER TABLE parcels
    ADD COLUMN length_mm INT NULL, ADD COLUMN width_mm INT NULL, ADD COLUMN height_mm INT NULL,
    ADD COLUMN litres DECIMAL(8, 3) AS (length_mm * width_mm * height_mm / 1000000) STORED;
UPDATE parcels SET length_mm = 300, width_mm = 200, height_mm = 10 * depot_id WHERE sender_id = 1;
