-- migrate:up
CREATE VIEW programme AS
SELECT e.id, e.title, v.name AS venue, strftime('%d.%m.%Y', e.starts_at) AS day, printf('%.2f', e.price_cents / 100.0) AS price
FROM events e JOIN venues v ON v.id = e.venue_id;

-- migrate:down
DROP VIEW programme;
