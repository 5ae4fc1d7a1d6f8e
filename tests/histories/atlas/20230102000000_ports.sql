CREATE TABLE "public"."ports" ("code" character(3) NOT NULL, "name" text NOT NULL, PRIMARY KEY ("code"));
INSERT INTO "public"."ports" VALUES ('AAA', 'Aa; north'), ('BBB', 'B''s'), ('CCC', 'Ç');
