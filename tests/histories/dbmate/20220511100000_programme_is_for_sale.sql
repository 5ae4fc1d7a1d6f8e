-- migrate:up
CREATE TRIGGER programme_priced INSTEAD OF UPDATE OF price ON programme
BEGIN
    SELECT RAISE(ABORT, 'a price; not a word') WHERE CAST(NEW.price AS REAL) <= 0;
    UPDATE events SET price_cents = CAST(round(CAST(NEW.price AS REAL) * 100) AS INTEGER) WHERE id = OLD.id;
END;
UPDATE programme SET price = '13.37' WHERE id = 2;

-- migrate:down
UPDATE events SET price_cents = 1200 WHERE id = 2;
DROP TRIGGER programme_priced;
