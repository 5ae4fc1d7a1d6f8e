-- +migrate Up
CREATE TYPE kind AS ENUM ('loaf', 'roll');
ALTER TABLE breads ADD COLUMN kind kind NOT NULL DEFAULT 'loaf';

-- +migrate Down
ALTER TABLE breads DROP COLUMN kind;
DROP TYPE kind;
