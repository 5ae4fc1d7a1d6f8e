CREATE SCHEMA rooms;
CREATE TABLE rooms.seats (
    branch_id INTEGER NOT NULL REFERENCES public.branches (id),
    number INTEGER NOT NULL,
    lamp BOOLEAN NOT NULL DEFAULT TRUE,
    PRIMARY KEY (branch_id, number)
);
INSERT INTO rooms.seats (branch_id, number, lamp)
SELECT b.id, n, n % 2 = 0 FROM branches b CROSS JOIN generate_series(1, 4) AS n;
