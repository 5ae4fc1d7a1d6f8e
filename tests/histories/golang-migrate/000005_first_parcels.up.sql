INSERT INTO parcels (id, tracking, sender_id, depot_id, weight_grams, state)
SELECT c.id * 10 + d.id, CONCAT(d.code, LPAD(c.id, 6, '0'), '#'), c.id, d.id, 250 * c.id + d.id, 'collected'
FROM customers AS c CROSS JOIN depots AS d
ORDER BY c.id, d.id;
