DO $$ BEGIN
 CREATE TYPE "public"."colour" AS ENUM('red', 'blue');
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
ALTER TABLE "tools" ADD COLUMN "colour" "colour";