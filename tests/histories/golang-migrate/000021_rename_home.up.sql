ALTER TABLE couriers CHANGE home vehicles SET('car', 'bike', 'on foot', 'ship') NOT NULL DEFAULT '', ALGORITHM = COPY;
