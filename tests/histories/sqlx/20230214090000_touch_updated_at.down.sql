DROP TRIGGER patients_touch ON patients;
DROP FUNCTION touch_updated_at();
ALTER TABLE patients DROP COLUMN updated_at;
