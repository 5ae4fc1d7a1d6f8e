ALTER TABLE bookings ADD COLUMN nights INT AS (DATEDIFF(leaves, arrives)) PERSISTENT;
