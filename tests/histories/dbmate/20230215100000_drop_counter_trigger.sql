-- migrate:up
DROP TRIGGER tickets_returned;
CREATE TRIGGER tickets_stay BEFORE DELETE ON tickets
WHEN (SELECT state FROM orders WHERE id = OLD.order_id) = 'paid'
BEGIN
    SELECT RAISE(ABORT, 'paid tickets stay');
END;

-- migrate:down
DROP TRIGGER tickets_stay;
CREATE TRIGGER tickets_returned AFTER DELETE ON tickets
BEGIN
    UPDATE events SET sold = CASE WHEN sold > 0 THEN sold - 1 ELSE 0 END WHERE id = OLD.event_id;
END;
