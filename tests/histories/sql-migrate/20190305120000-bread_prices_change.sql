-- +migrate Up
CREATE TABLE price_changes (
    bread integer NOT NULL,
    old_cents integer NOT NULL,
    new_cents integer NOT NULL
);

-- +migrate StatementBegin
CREATE FUNCTION note_price() RETURNS trigger AS $$
BEGIN
    INSERT INTO price_changes VALUES (old.id, old.cents, new.cents);
-- a line like this one never reaches the server
--and this one does
    RETURN new;
END
$$ LANGUAGE plpgsql;
-- +migrate StatementEnd

CREATE TRIGGER note_price AFTER UPDATE OF cents ON breads
    FOR EACH ROW EXECUTE FUNCTION note_price();

-- +migrate Down
DROP TRIGGER note_price ON breads;
DROP FUNCTION note_price();
DROP TABLE price_changes;
