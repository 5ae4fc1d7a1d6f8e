-- migrate:up
UPDATE events SET title = coalesce(title, 'to be announced');

-- migrate:down
-- Which ones had no title is not known any more.
