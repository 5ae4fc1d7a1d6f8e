CREATE TABLE station_events (
    station_id integer NOT NULL,
    at timestamptz NOT NULL,
    body json NOT NULL
) PARTITION BY LIST (station_id);
CREATE TABLE station_events_1 PARTITION OF station_events FOR VALUES IN (1);
CREATE TABLE station_events_rest PARTITION OF station_events DEFAULT;
INSERT INTO station_events VALUES (1, '2021-05-05 05:05:05+00', '{"dock": 7, "error": "stuck; \u00e9"}'), (3, 'epoch', '[]');
