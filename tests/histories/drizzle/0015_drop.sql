DROP VIEW "public"."open_loans";--> statement-breakpoint
ALTER TABLE "tools" DROP COLUMN "updated_at" CASCADE;--> statement-breakpoint
DROP TRIGGER tools_touch ON "tools";