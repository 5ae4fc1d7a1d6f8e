DELIMITER $$
CREATE TRIGGER bookings_free BEFORE INSERT ON bookings FOR EACH ROW
BEGIN
    IF EXISTS (SELECT 1 FROM bookings b WHERE b.room = NEW.room AND b.arrives < NEW.leaves AND b.leaves > NEW.arrives) THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the room is taken; choose another';
    END IF;
END$$
DELIMITER ;
INSERT INTO bookings (id, guest_id, room, arrives, leaves) VALUES (20, 3, 201, '2022-12-24', '2023-01-02');
