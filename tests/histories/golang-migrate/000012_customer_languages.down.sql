ALTER TABLE customers DROP COLUMN settings, DROP COLUMN language;
