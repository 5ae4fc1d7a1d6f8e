CREATE OR REPLACE VIEW depot_statistics AS
SELECT d.code, COUNT(p.id) AS parcels, COALESCE(SUM(p.weight_grams), 0) / 1000 AS kilograms
FROM depots d LEFT JOIN parcels p ON p.depot_id = d.id GROUP BY d.code;
