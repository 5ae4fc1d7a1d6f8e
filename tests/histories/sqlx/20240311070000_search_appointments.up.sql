-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS appointments_upcoming
    ON appointments (lower(during)) WHERE status = 'booked';
