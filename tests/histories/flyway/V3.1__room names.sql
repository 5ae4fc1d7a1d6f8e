ALTER TABLE rooms ADD COLUMN name VARCHAR(30) NULL AFTER number, ADD UNIQUE KEY rooms_name (name);
UPDATE rooms LEFT JOIN bookings ON bookings.room = rooms.number
SET rooms.name = IF(bookings.id IS NULL, CONCAT('No. ', rooms.number), CONCAT('№ ', rooms.number))
WHERE rooms.beds > 1;
