-- A folder that somebody made by hand: it sorts behind all dates.
ALTER TABLE "Archive" ADD COLUMN "why" TEXT;
UPDATE "Archive" SET "why" = 'not published';
