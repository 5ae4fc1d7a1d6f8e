-- migrate:up
CREATE INDEX events_by_start ON events (date(starts_at), venue_id);
CREATE UNIQUE INDEX orders_one_open ON orders (customer_id) WHERE state = 'open';

-- migrate:down
DROP INDEX orders_one_open;
DROP INDEX events_by_start;
