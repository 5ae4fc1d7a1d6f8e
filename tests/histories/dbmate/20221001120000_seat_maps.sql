-- migrate:up
CREATE TABLE seats (venue_id INTEGER NOT NULL REFERENCES venues (id), seat TEXT NOT NULL, x INTEGER, y INTEGER, PRIMARY KEY (venue_id, seat));
INSERT INTO seats
WITH RECURSIVE numbers (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 5)
SELECT 1, substr('ABC', r.n, 1) || c.n, c.n * 10, r.n * 10 FROM numbers r, numbers c WHERE r.n <= 3;

-- migrate:down
DROP TABLE seats;
