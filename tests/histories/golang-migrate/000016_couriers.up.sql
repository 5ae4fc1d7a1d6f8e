CREATE TABLE couriers (
    id INT NOT NULL PRIMARY KEY,
    name VARCHAR(60) NOT NULL,
    home SET('car', 'bike', 'on foot') NOT NULL DEFAULT '',
    pin BINARY(4) NOT NULL
);
INSERT INTO couriers VALUES (1, 'Mária', 'bike,on foot', X'00FF1B5C'), (2, 'Óscar', 'car', 0x31323334);
