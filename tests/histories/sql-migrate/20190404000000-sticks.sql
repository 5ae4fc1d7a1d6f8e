-- +migrate Up notransaction
ALTER TYPE kind ADD VALUE 'stick';
UPDATE breads SET kind = 'stick' WHERE title = 'Baguette';

-- +migrate Down
UPDATE breads SET kind = 'loaf' WHERE kind = 'stick';
ALTER TABLE breads ALTER COLUMN kind DROP DEFAULT;
ALTER TYPE kind RENAME TO kind_with_stick;
CREATE TYPE kind AS ENUM ('loaf', 'roll');
ALTER TABLE breads ALTER COLUMN kind TYPE kind USING kind::text::kind;
ALTER TABLE breads ALTER COLUMN kind SET DEFAULT 'loaf';
DROP TYPE kind_with_stick;
