CREATE DOMAIN frame_number AS text CHECK (VALUE = upper(VALUE) AND VALUE LIKE '__-%');
DROP VIEW ride_log;
ALTER TABLE bikes ALTER COLUMN frame TYPE frame_number USING upper(frame);
CREATE VIEW ride_log AS
SELECT r.id, b.frame, p.email, f.name AS started_at, t.name AS ended_at, r.ended - r.started AS took
FROM rides r
JOIN bikes b ON b.id = r.bike_id
JOIN riders p ON p.id = r.rider_id
JOIN stations f ON f.id = r.from_id
LEFT JOIN stations t ON t.id = r.to_id;
