CREATE VIEW "Popular" AS
SELECT r."id", r."title", count(l."cookId") AS "likes"
FROM "Recipe" AS r LEFT JOIN "Like" AS l ON l."recipeId" = r."id"
GROUP BY r."id", r."title"
HAVING count(l."cookId") > 0;
