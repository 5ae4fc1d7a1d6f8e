COMMENT ON TABLE visits IS 'Days on which somebody came';
BEGIN;
ALTER TABLE visits ADD COLUMN note text;
UPDATE visits SET note = 'open' WHERE patients > 1;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
UPDATE visits SET note = 'closed' WHERE note IS NULL;
ALTER TABLE visits ALTER COLUMN note SET NOT NULL;
COMMIT;
