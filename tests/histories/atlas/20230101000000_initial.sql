-- Create "ships" table
CREATE TABLE "public"."ships" ("id" bigserial NOT NULL, "name" character varying(80) NOT NULL, "decks" integer NOT NULL DEFAULT 1, PRIMARY KEY ("id"));
-- Create index "ships_name" to table: "ships"
CREATE UNIQUE INDEX "ships_name" ON "public"."ships" ("name");
