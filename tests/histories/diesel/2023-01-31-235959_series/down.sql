UPDATE books SET updated_at = NULL WHERE series_id IS NOT NULL;
ALTER TABLE books DROP COLUMN series_id;
DROP TABLE series;
