ALTER TABLE rooms DROP KEY rooms_name, DROP COLUMN name;
