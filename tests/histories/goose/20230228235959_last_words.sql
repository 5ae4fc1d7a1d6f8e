-- +goose up
ALTER TABLE movements ADD COLUMN note text;
UPDATE movements SET note = $txt$It's a "note"; -- with $$ in it
and a second line$txt$ WHERE id = 1;
-- +goose down
ALTER TABLE movements DROP COLUMN note;
