-- atlas:sum ignore
CREATE TABLE "public"."notes" ("id" integer NOT NULL, "text" text NULL, PRIMARY KEY ("id"));
