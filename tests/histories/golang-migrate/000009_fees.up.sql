CREATE FUNCTION fee_cents(grams INT) RETURNS INT
DETERMINISTIC NO SQL
BEGIN
    DECLARE fee INT DEFAULT 390;
    -- Each kilogram; the first is free.
    WHILE grams > 1000 DO
        SET fee = fee + 120;
        SET grams = grams - 1000;
    END WHILE;
    CASE WHEN fee > 900 THEN SET fee = 900; ELSE BEGIN END; END CASE;
    RETURN fee;
END
