CREATE TABLE "Unit" ("code" TEXT NOT NULL PRIMARY KEY, "grams" REAL NOT NULL CHECK ("grams" > 0)) WITHOUT ROWID;
WITH RECURSIVE steps (n, grams) AS (SELECT 0, 1.0 UNION ALL SELECT n + 1, grams * 10 FROM steps WHERE n < 3)
INSERT INTO "Unit" SELECT 'e' || n, grams FROM steps;
