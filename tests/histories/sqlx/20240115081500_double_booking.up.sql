CREATE FUNCTION refuse_children_without_phone() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
    IF (SELECT born_on > DATE ''2010-01-01'' AND phone IS NULL FROM patients WHERE id = NEW.patient_id) THEN
        RAISE EXCEPTION ''a child''''s parents need a phone; ask'';
    END IF;
    RETURN NEW;
END';
CREATE CONSTRAINT TRIGGER reachable_parents AFTER INSERT ON appointments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_children_without_phone();
INSERT INTO appointments (id, patient_id, practitioner_id, room, during) VALUES
    (10, 3, 1, 'A-02', tstzrange('2024-02-01 08:00+00', '2024-02-01 08:20+00'));
