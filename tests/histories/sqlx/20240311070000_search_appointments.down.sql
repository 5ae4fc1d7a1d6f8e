-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS appointments_upcoming;
