ALTER TABLE appointments DROP COLUMN status;
DROP TYPE appointment_status;
