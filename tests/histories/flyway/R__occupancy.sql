-- Made again whenever this file changes.
CREATE OR REPLACE VIEW occupancy AS
SELECT r.number, COUNT(b.id) AS bookings, COALESCE(SUM(b.nights), 0) AS nights, '${currency}' AS currency
FROM rooms r LEFT JOIN bookings b ON b.room = r.number
GROUP BY r.number;
