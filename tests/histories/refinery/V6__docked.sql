ALTER TABLE bikes ADD COLUMN station_id integer REFERENCES stations;
UPDATE bikes SET station_id = s.id FROM stations AS s WHERE s.id = bikes.id % 4;
