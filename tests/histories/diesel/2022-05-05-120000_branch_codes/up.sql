ALTER TABLE branches ADD COLUMN code VARCHAR(3);
UPDATE branches SET code = upper(left(regexp_replace(name, '[^a-z]', '', 'gi'), 3));
ALTER TABLE branches ALTER COLUMN code SET NOT NULL, ADD CONSTRAINT branches_code UNIQUE (code);
