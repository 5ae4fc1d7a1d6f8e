INSERT INTO "public"."sailings" ("ship_id", "from_port", "to_port", "day")
SELECT s."id", a."code", b."code", DATE '2023-02-01' + s."id"::int FROM "public"."ships" s, "public"."ports" a, "public"."ports" b WHERE a."code" < b."code";
