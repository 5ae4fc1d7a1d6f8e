DROP TRIGGER parcels_log_state;
