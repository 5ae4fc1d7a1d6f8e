ALTER TABLE rooms ADD COLUMN equipment text[] NOT NULL DEFAULT '{}';
ALTER TABLE rooms DISABLE TRIGGER watch_rooms;
UPDATE rooms SET equipment = ARRAY['chair', 'x-ray "mini"'] WHERE code LIKE 'B-%';
ALTER TABLE rooms ENABLE TRIGGER watch_rooms;
