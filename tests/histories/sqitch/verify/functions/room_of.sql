-- Verify museum:functions/room_of on pg

BEGIN;

DO $$ BEGIN ASSERT museum.room_of('It''s a spoon') = 'the cellar'; END $$;

ROLLBACK;
