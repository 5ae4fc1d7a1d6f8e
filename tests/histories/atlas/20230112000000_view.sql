CREATE VIEW "public"."busy" ("ship", "sailings") AS SELECT s."name", count(*) FROM "public"."ships" s JOIN "public"."sailings" l ON l."ship_id" = s."id" GROUP BY s."name";
