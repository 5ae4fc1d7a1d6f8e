-- atlas:txtar

-- migration.sql --
CREATE TABLE "public"."crew" ("id" integer NOT NULL, "ship_id" bigint NULL, PRIMARY KEY ("id"));
INSERT INTO "public"."crew" SELECT n, 1 + n % 4 FROM generate_series(1, 8) AS n;
-- down.sql --
DROP TABLE "public"."crew";
