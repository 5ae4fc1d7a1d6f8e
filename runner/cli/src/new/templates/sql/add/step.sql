-- Runs after `up`, again and again until it changes no row, each time in a transaction of its own.
UPDATE {{own}} SET slug = LOWER(title) WHERE id IN (
  SELECT id FROM (SELECT id FROM {{own}} WHERE slug IS NULL ORDER BY id LIMIT 1000) AS next
);
