-- CreateTable
CREATE TABLE "Rating" (
    "recipeId" INTEGER NOT NULL PRIMARY KEY,
    "stars" INTEGER NOT NULL CHECK ("stars" BETWEEN 1 AND 5),
    CONSTRAINT "Rating_recipeId_fkey" FOREIGN KEY ("recipeId") REFERENCES "Recipe" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "Rating" ("recipeId", "stars") SELECT "id", 1 + "id" % 5 FROM "Recipe" WHERE true
ON CONFLICT ("recipeId") DO UPDATE SET "stars" = excluded."stars";
