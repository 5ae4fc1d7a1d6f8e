-- +goose Up
CREATE SCHEMA "app; one";
CREATE TABLE "app; one"."Odd ""Name""" ("select" integer, "a;b" text DEFAULT '--');
INSERT INTO "app; one"."Odd ""Name""" VALUES (1, DEFAULT), (2, E'\\;\n');

-- +goose Down
DROP SCHEMA "app; one" CASCADE;
