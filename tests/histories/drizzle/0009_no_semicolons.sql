ALTER TABLE "members" ADD COLUMN "name" text
--> statement-breakpoint
UPDATE "members" SET "name" = split_part("email", '@', 1)
--> statement-breakpoint
ALTER TABLE "members" ALTER COLUMN "name" SET NOT NULL