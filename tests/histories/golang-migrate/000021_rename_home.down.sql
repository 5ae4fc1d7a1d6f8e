ALTER TABLE couriers CHANGE vehicles home SET('car', 'bike', 'on foot') NOT NULL DEFAULT '';
