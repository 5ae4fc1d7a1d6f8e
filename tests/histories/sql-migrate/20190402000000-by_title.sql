-- +migrate Up notransaction
CREATE INDEX CONCURRENTLY breads_by_title ON breads (title);
CREATE INDEX CONCURRENTLY bakeries_by_town
    ON bakeries (town);

-- +migrate Down notransaction
DROP INDEX CONCURRENTLY breads_by_title;
DROP INDEX CONCURRENTLY bakeries_by_town;
