-- Runs before `up`, outside its transaction: for what refuses to run in one (CREATE INDEX CONCURRENTLY).
SELECT 1;
