DELIMITER //

CREATE FUNCTION bill(booking BIGINT) RETURNS DECIMAL(10, 2)
READS SQL DATA
BEGIN
    DECLARE total DECIMAL(10, 2);
    SELECT b.nights * r.price INTO total
    FROM bookings b JOIN rooms r ON r.number = b.room WHERE b.id = booking;
    -- A tax of ${tax_percent} percent; rounded // not here
    RETURN ROUND(total * (100 + ${tax_percent}) / 100, 2);
END//

DELIMITER ;
