-- A trigger and a view name the column; SQLite renames it there too.
DROP VIEW "Popular";
ALTER TABLE "Recipe" RENAME COLUMN "steps" TO "method";
CREATE VIEW "Popular" AS
SELECT r."id", r."title", r."method", (SELECT count(*) FROM "Like" AS l WHERE l."recipeId" = r."id") AS "likes"
FROM "Recipe" AS r;
