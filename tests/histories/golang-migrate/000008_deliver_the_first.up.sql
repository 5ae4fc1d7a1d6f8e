START TRANSACTION;
UPDATE parcels SET state = 'on the road' WHERE id IN (11, 12, 22);
UPDATE parcels SET state = 'delivered' WHERE id = 11;
COMMIT;
