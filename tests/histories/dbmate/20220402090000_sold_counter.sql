-- migrate:up
ALTER TABLE events ADD COLUMN sold INTEGER NOT NULL DEFAULT 0;
UPDATE events SET sold = counted.tickets
FROM (SELECT event_id, count(*) AS tickets FROM tickets GROUP BY event_id) AS counted
WHERE counted.event_id = events.id;

CREATE TRIGGER tickets_sold AFTER INSERT ON tickets
BEGIN
    UPDATE events SET sold = sold + 1 WHERE id = NEW.event_id;
END;

CREATE TRIGGER tickets_returned AFTER DELETE ON tickets
BEGIN
    UPDATE events SET sold = CASE WHEN sold > 0 THEN sold - 1 ELSE 0 END WHERE id = OLD.event_id;
END;

-- migrate:down
DROP TRIGGER tickets_returned;
DROP TRIGGER tickets_sold;
ALTER TABLE events DROP COLUMN sold;
