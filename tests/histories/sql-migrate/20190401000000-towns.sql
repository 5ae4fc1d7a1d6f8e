-- +migrate Up
UPDATE bakeries SET town = 'unknown' WHERE town IS NULL;
ALTER TABLE bakeries ALTER COLUMN town SET NOT NULL;
-- +migrate Down
ALTER TABLE bakeries ALTER COLUMN town DROP NOT NULL;
UPDATE bakeries SET town = NULL WHERE town = 'unknown';
