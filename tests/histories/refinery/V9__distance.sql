CREATE FUNCTION distance_km(a point, b point) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT AS
'SELECT round((111.2 * (a <-> b))::numeric, 1) -- good enough; no sphere';
ALTER TABLE rides ADD COLUMN km numeric(6, 1);
UPDATE rides SET km = distance_km(a.at, b.at) FROM stations a, stations b WHERE a.id = from_id AND b.id = to_id;
