-- Verify museum:functions/room_of on pg

BEGIN;

DO $$ BEGIN ASSERT museum.room_of('Bowl') IS NOT NULL; END $$;

ROLLBACK;
