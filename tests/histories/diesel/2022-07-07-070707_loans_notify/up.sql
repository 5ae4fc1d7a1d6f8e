CREATE FUNCTION after_return() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.returned > NEW.due THEN
        INSERT INTO fees (reader_id, amount, reason)
        VALUES (NEW.reader_id, 10 * (NEW.returned - NEW.due), '{"by": "trigger"}');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER loans_after_return AFTER UPDATE OF returned ON loans
    FOR EACH ROW WHEN (OLD.returned IS NULL) EXECUTE FUNCTION after_return();
UPDATE loans SET returned = '2022-04-20';
