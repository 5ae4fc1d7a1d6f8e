DELETE FROM bookings WHERE arrives = '2022-12-24';
DROP TRIGGER bookings_free;
