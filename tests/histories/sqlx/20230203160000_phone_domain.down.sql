ALTER TABLE patients ALTER COLUMN phone TYPE text;
DROP DOMAIN phone_number;
