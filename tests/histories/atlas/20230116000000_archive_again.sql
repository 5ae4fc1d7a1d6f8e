-- atlas:txtar

-- migration.sql --
ALTER TABLE "public"."crew" ADD COLUMN "since" date NULL;
UPDATE "public"."crew" SET "since" = DATE '2020-01-01' + "id";

-- down.sql --
ALTER TABLE "public"."crew" DROP COLUMN "since";
