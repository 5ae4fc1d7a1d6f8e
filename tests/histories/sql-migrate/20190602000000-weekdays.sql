-- +migrate Up
-- +migrate StatementBegin
DO $$
BEGIN
    FOR day IN 1..6 LOOP
        INSERT INTO opening_hours VALUES (1, day, make_time(6 + day % 2, 30, 0));
    END LOOP;
END
$$;
-- +migrate StatementEnd
-- +migrate Down
DELETE FROM opening_hours;
