CREATE MATERIALIZED VIEW busy_stations AS
SELECT s.id, s.name, count(r.id) AS rides, rank() OVER (ORDER BY count(r.id) DESC, s.id) AS rank
FROM stations s LEFT JOIN rides r ON r.from_id = s.id GROUP BY s.id;
CREATE INDEX ON busy_stations (rank);
