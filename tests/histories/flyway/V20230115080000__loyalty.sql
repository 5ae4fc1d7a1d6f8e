CREATE TABLE loyalty (
    guest_id BIGINT NOT NULL PRIMARY KEY,
    points INT UNSIGNED NOT NULL DEFAULT 0,
    since TIMESTAMP NOT NULL DEFAULT '2023-01-15 08:00:00',
    CONSTRAINT loyalty_guest FOREIGN KEY (guest_id) REFERENCES guests (id) ON DELETE CASCADE
);
INSERT INTO loyalty (guest_id, points)
WITH spent AS (SELECT b.guest_id, SUM(i.amount) AS amount FROM invoices i JOIN bookings b ON b.id = i.booking_id GROUP BY b.guest_id)
SELECT guest_id, FLOOR(amount / 10) FROM spent
ON DUPLICATE KEY UPDATE points = VALUES(points);
