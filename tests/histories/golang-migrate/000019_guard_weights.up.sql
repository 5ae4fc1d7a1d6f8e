CREATE TRIGGER parcels_guard_weight BEFORE INSERT ON parcels FOR EACH ROW
BEGIN
    IF NEW.weight_grams > 31500 THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'too heavy; use freight';
    END IF;
    SET NEW.fee_cents = fee_cents(NEW.weight_grams);
END;
INSERT INTO parcels (id, tracking, sender_id, depot_id, weight_grams) VALUES (40, 'ORK1000040', 3, 3, 5400);
