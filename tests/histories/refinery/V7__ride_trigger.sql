CREATE FUNCTION undock() RETURNS trigger LANGUAGE plpgsql AS $undock$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE bikes SET station_id = NULL WHERE id = NEW.bike_id AND station_id = NEW.from_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'bike % is not at station %; walk', NEW.bike_id, NEW.from_id;
        END IF;
    ELSIF NEW.ended IS NOT NULL AND OLD.ended IS NULL THEN
        UPDATE bikes SET station_id = NEW.to_id WHERE id = NEW.bike_id;
    END IF;
    RETURN NEW;
END;
$undock$;

CREATE TRIGGER rides_undock AFTER INSERT OR UPDATE ON rides
    FOR EACH ROW EXECUTE FUNCTION undock();
