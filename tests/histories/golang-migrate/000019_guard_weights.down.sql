DELETE FROM parcels WHERE id = 40;
DROP TRIGGER parcels_guard_weight;
