-- Deploy museum:note_moves to pg

BEGIN;

CREATE TABLE museum.moves (exhibit integer, was integer, now integer);
CREATE FUNCTION museum.note_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO museum.moves VALUES (new.id, old.room, new.room);
    RETURN new;
END;
$$;
CREATE TRIGGER note_move AFTER UPDATE OF room ON museum.exhibits
    FOR EACH ROW WHEN (old.room IS DISTINCT FROM new.room) EXECUTE FUNCTION museum.note_move();

COMMIT;
