CREATE TABLE invoices (
    number CHAR(9) NOT NULL PRIMARY KEY,
    booking_id BIGINT NOT NULL UNIQUE,
    amount DECIMAL(10, 2) NOT NULL,
    currency CHAR(3) NOT NULL DEFAULT '${currency}',
    CONSTRAINT invoices_booking FOREIGN KEY (booking_id) REFERENCES bookings (id)
);
INSERT INTO invoices (number, booking_id, amount)
SELECT CONCAT('2022/', LPAD(id, 4, '0')), id, bill(id) FROM bookings WHERE arrives < '2022-07-04';
