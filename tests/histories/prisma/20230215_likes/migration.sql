-- CreateTable
CREATE TABLE "Like" (
    "cookId" INTEGER NOT NULL,
    "recipeId" INTEGER NOT NULL,

    PRIMARY KEY ("cookId", "recipeId"),
    CONSTRAINT "Like_recipeId_fkey" FOREIGN KEY ("recipeId") REFERENCES "Recipe" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "Like" SELECT "cookId", "id" FROM "Recipe";
