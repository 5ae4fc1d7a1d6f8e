DELIMITER //
CREATE PROCEDURE lengthen_stay(IN booking BIGINT, IN days INT)
MODIFIES SQL DATA
BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
        RESIGNAL;
    END;
    label_one: BEGIN
        IF days <= 0 THEN LEAVE label_one; END IF;
        UPDATE bookings SET leaves = leaves + INTERVAL days DAY WHERE id = booking;
    END label_one;
END //
CREATE TRIGGER invoices_follow AFTER UPDATE ON bookings FOR EACH ROW
    UPDATE invoices SET amount = bill(NEW.id) WHERE booking_id = NEW.id //
DELIMITER ;
