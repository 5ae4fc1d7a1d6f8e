ALTER TABLE patients DROP COLUMN insurer_id;
DROP TABLE insurers;
UPDATE patients SET updated_at = NULL WHERE updated_at = '2023-05-05 11:15:00+00';
