DELETE FROM appointments WHERE id = 10;
DROP TRIGGER reachable_parents ON appointments;
DROP FUNCTION refuse_children_without_phone();
