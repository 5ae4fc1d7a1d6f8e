ALTER TABLE books DROP COLUMN series_id;
DROP TABLE series;
