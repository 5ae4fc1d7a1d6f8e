-- no-transaction
DROP INDEX CONCURRENTLY appointments_by_patient;
