-- Custom SQL migration file, put your code below! --
INSERT INTO "members" ("email", "role") VALUES ('a@example.org', 'keeper'), ('b''c@example.org', 'member')
--> statement-breakpoint
INSERT INTO "tools" ("name", "labels") SELECT 'Drill; ' || n, ARRAY['power', 'no ' || n] FROM generate_series(1, 5) AS n
--> statement-breakpoint
INSERT INTO "loans" SELECT t."id", m."id", DATE '2024-02-01' + t."id" - 100, NULL FROM "tools" t, "members" m WHERE m."role" = 'member'
