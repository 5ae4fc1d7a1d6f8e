ALTER TABLE rooms DROP COLUMN equipment;
