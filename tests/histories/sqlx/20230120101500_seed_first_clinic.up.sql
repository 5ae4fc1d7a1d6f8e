INSERT INTO patients (id, full_name, born_on, phone, created_at) VALUES
    (1, '  Zoë Ångström ', '1984-02-29', '+46 8 123; ext -- 4', '2023-01-20 10:00:00+00'),
    (2, 'Seán O''Brien', '1991-11-05', NULL, '2023-01-20 10:01:00+00'),
    (3, '山田 太郎', '1960-07-15', '03-1234-5678', '2023-01-20 10:02:00+00');
INSERT INTO practitioners (id, full_name, speciality) VALUES
    (1, 'Dr. Amara Nwosu', 'general'),
    (2, 'Dr. Jiří Novák', 'dental');
INSERT INTO appointments (id, patient_id, practitioner_id, room, during, note) VALUES
    (1, 1, 1, 'A-01', '[2023-02-01 09:00+00, 2023-02-01 09:30+00)', E'bring\tthe letter; "urgent"'),
    (2, 2, 2, 'B-11', '[2023-02-01 09:00+00, 2023-02-01 10:00+00)', 'see /* old */ chart -- page 3');
SELECT setval(pg_get_serial_sequence('patients', 'id'), 3);
SELECT setval(pg_get_serial_sequence('practitioners', 'id'), 2);
SELECT setval(pg_get_serial_sequence('appointments', 'id'), 2);
