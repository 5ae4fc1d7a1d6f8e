-- atlas:nolint destructive

ALTER TABLE "public"."ports" DROP COLUMN "name";
