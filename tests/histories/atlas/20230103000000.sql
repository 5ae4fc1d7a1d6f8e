INSERT INTO "public"."ships" ("name", "decks") SELECT 'MS ' || n, n FROM generate_series(1, 4) AS n;
