INSERT INTO rooms (number, beds, price, view_to) VALUES
    (101, 2, 120.00, 'la mer; le port'),
    (102, 1, 80.50, 'court -- quiet'),
    (201, 4, 310.00, NULL);
