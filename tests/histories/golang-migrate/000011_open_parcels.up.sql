CREATE VIEW open_parcels AS
SELECT p.id, p.tracking, c.name AS sender, d.city
FROM parcels p
JOIN customers c ON c.id = p.sender_id
LEFT JOIN depots d ON d.id = p.depot_id
WHERE p.state NOT IN ('delivered', 'lost; found?');
