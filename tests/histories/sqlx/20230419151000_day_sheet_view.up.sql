CREATE VIEW day_sheet AS
SELECT a.id, lower(a.during)::date AS day, a.room, p.full_name AS patient, d.full_name AS practitioner, a.status
FROM appointments a
JOIN patients p ON p.id = a.patient_id
JOIN practitioners d ON d.id = a.practitioner_id
WHERE a.status <> 'cancelled';
