-- migrate:up
UPDATE events SET title = coalesce(title, 'to be announced'), price = coalesce(price, 0);

-- migrate:down
-- Which ones had no title is not known any more.
