INSERT INTO guests (id, name, country) VALUES (1, 'Amélie Poulain', 'FR'), (2, 'O''Hara; Scarlett', 'US'), (3, '村上 春樹 🛎', 'JP');
INSERT INTO bookings (guest_id, room, arrives, leaves)
SELECT g.id, r.number, DATE '2022-07-01' + INTERVAL g.id DAY, DATE '2022-07-04' + INTERVAL (g.id + r.beds) DAY
FROM guests g JOIN rooms r ON r.number < 200 + g.id
ORDER BY g.id, r.number;
