-- migrate:up
CREATE TRIGGER issues_deliver AFTER INSERT ON issues FOR EACH ROW
BEGIN
    -- Everybody gets it; /* later */ some may not.
    INSERT INTO deliveries (reader_id, issue) SELECT id, NEW.number FROM readers;
    IF NEW.number = 1 THEN
        UPDATE deliveries SET sent = '2023-05-03 08:00:00' WHERE issue = 1;
    END IF;
END;
INSERT INTO issues VALUES (1, 'Début; "one"', '{"pages": 32, "cover": "it''s -- blue"}'), (2, 'Zwei', JSON_OBJECT('pages', 40));

-- migrate:down
DELETE FROM deliveries;
DELETE FROM issues;
DROP TRIGGER issues_deliver;
