ALTER TABLE shows ADD COLUMN slug TEXT;
UPDATE shows SET slug = lower(replace(replace(title, ' ', '-'), ';', ''));
CREATE UNIQUE INDEX shows_slug ON shows (slug) WHERE slug IS NOT NULL;
