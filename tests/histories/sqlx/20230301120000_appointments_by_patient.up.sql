-- no-transaction
CREATE INDEX CONCURRENTLY appointments_by_patient ON appointments (patient_id, lower(during));
