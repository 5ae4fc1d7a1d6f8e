-- +goose Up
CREATE RULE counts_stay AS ON DELETE TO counts DO INSTEAD NOTHING;
DELETE FROM counts;
-- +goose Down
DROP RULE counts_stay ON counts;
