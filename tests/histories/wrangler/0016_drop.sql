DROP VIEW top;
DROP INDEX shows_slug;
ALTER TABLE shows DROP COLUMN slug;
