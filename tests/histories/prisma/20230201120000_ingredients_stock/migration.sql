INSERT INTO "Ingredient" ("name") VALUES ('Salt'), ('Water'), ('Leek');
INSERT INTO "_IngredientToRecipe" ("A", "B")
SELECT i."id", r."id" FROM "Ingredient" AS i, "Recipe" AS r WHERE i."name" <> 'Leek' OR r."published";
