CREATE PROCEDURE archive_delivered(IN before_day DATE)
MODIFIES SQL DATA
BEGIN
    DECLARE done BOOL DEFAULT FALSE;
    DECLARE parcel BIGINT;
    DECLARE old CURSOR FOR SELECT parcel_id FROM parcel_events WHERE at < before_day;
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;
    OPEN old;
    each_one: LOOP
        FETCH old INTO parcel;
        IF done THEN LEAVE each_one; END IF;
        UPDATE parcels SET depot_id = NULL WHERE id = parcel AND state = 'delivered';
    END LOOP;
    CLOSE old;
END;
