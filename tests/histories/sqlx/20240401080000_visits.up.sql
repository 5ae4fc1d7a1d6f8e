-- no-transaction
CREATE TABLE visits (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day date NOT NULL,
    patients integer NOT NULL DEFAULT 0
);
INSERT INTO visits (day) SELECT day::date FROM generate_series('2024-04-01'::date, '2024-04-10', '1 day') AS day;
BEGIN;
UPDATE visits SET patients = 1 WHERE extract(isodow FROM day) < 6;
CREATE INDEX visits_by_day ON visits (day);
COMMIT;
-- One implicit transaction of the message.
INSERT INTO visits (day, patients) VALUES ('2024-05-01', 3);
UPDATE visits SET patients = patients + 1
