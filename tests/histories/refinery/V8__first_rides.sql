INSERT INTO rides (bike_id, rider_id, from_id, started) VALUES (1, 1, 1, '2021-03-01 08:00+01'), (2, 2, 2, '2021-03-01 09:30+01');
UPDATE rides SET ended = started + interval '25 minutes', to_id = 3 WHERE bike_id = 1;
