CREATE TABLE bookings (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    guest_id BIGINT NOT NULL,
    room SMALLINT NOT NULL,
    arrives DATE NOT NULL,
    leaves DATE NOT NULL,
    CONSTRAINT bookings_guest FOREIGN KEY (guest_id) REFERENCES guests (id),
    CONSTRAINT bookings_room FOREIGN KEY (room) REFERENCES rooms (number) ON UPDATE CASCADE,
    CONSTRAINT bookings_days CHECK (leaves > arrives)
) DEFAULT CHARSET = utf8mb4;
