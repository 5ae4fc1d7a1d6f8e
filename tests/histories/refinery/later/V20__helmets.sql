CREATE TABLE "Helmets" ("Größe" text PRIMARY KEY, "Stück" integer NOT NULL DEFAULT 0);
INSERT INTO "Helmets" VALUES ('S', 3), ('M "oder" L', 4);
