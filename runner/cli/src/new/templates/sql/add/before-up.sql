-- Runs before `up`, outside its transaction: for CREATE INDEX CONCURRENTLY and its like.
SELECT 1;
