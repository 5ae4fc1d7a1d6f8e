ALTER TABLE "public"."ports" ADD COLUMN "names" jsonb NOT NULL DEFAULT '{}';
UPDATE "public"."ports" SET "names" = jsonb_build_object('en', "code");
