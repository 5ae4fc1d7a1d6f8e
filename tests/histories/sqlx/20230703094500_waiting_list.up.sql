CREATE TABLE waiting_list (
    patient_id  bigint NOT NULL REFERENCES patients ON DELETE CASCADE,
    speciality  speciality NOT NULL,
    since       date NOT NULL,
    PRIMARY KEY (patient_id, speciality)
);
INSERT INTO waiting_list (patient_id, speciality, since)
SELECT p.id, s, DATE '2023-07-01' + p.id::int
FROM patients p CROSS JOIN unnest(ARRAY['dental', 'physiotherapy']::speciality[]) AS s
WHERE NOT EXISTS (
    SELECT FROM appointments a JOIN practitioners d ON d.id = a.practitioner_id
    WHERE a.patient_id = p.id AND d.speciality = s
);
