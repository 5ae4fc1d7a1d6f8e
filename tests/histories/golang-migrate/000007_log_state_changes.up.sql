CREATE TRIGGER parcels_log_state AFTER UPDATE ON parcels
FOR EACH ROW
BEGIN
    IF NEW.state <> OLD.state THEN
        INSERT INTO parcel_events (parcel_id, at, what, details)
        VALUES (NEW.id, '2021-05-01 12:00:00.250', 'state', JSON_OBJECT('from', OLD.state, 'to', NEW.state));
    END IF;
END;
