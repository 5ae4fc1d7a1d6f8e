ALTER TABLE branches ADD COLUMN hours JSONB;
UPDATE branches SET hours = '{"mon": ["09:00", "18:00"], "note": "closed on ''special'' days; -- see /* web */"}' WHERE opened IS NOT NULL;
