ALTER TABLE branches DROP COLUMN hours;
