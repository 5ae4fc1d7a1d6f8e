DROP TRIGGER watch_rooms ON rooms;
DROP SCHEMA audit CASCADE;
