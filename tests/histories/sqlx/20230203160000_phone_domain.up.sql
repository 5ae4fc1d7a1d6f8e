CREATE DOMAIN phone_number AS text CONSTRAINT has_digits CHECK (VALUE ~ '[0-9]');
ALTER TABLE patients ALTER COLUMN phone TYPE phone_number;
