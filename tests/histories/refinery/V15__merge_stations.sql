DO $merge$
DECLARE
    keep CONSTANT integer := 1;
    gone CONSTANT integer := 2;
BEGIN
    UPDATE rides SET from_id = keep WHERE from_id = gone;
    UPDATE bikes SET station_id = keep WHERE station_id = gone;
    EXECUTE $q$ DELETE FROM stations WHERE id = $1 $q$ USING gone;
END
$merge$;
