CREATE TABLE reminders (
    appointment_id  bigint PRIMARY KEY REFERENCES appointments ON DELETE CASCADE,
    send_at         timestamptz NOT NULL,
    body            text NOT NULL
);
DO $$
DECLARE
    booked record;
BEGIN
    FOR booked IN SELECT a.id, lower(a.during) AS start, p.full_name FROM appointments a JOIN patients p ON p.id = a.patient_id ORDER BY a.id LOOP
        INSERT INTO reminders
        VALUES (booked.id, booked.start - interval '1 day', format('Dear %s; see you at %s', booked.full_name, to_char(booked.start AT TIME ZONE 'UTC', 'HH24:MI')));
    END LOOP;
END
$$;
