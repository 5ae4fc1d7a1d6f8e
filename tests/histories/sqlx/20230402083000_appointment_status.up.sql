CREATE TYPE appointment_status AS ENUM ('booked', 'kept', 'missed', 'cancelled');
ALTER TABLE appointments ADD COLUMN status appointment_status NOT NULL DEFAULT 'booked';
UPDATE appointments SET status = 'kept' WHERE upper(during) < '2023-02-01 09:45+00';
