DELETE FROM "Like" WHERE "cookId" NOT IN (SELECT "id" FROM "Cook");
CREATE TABLE "Archive" AS SELECT "id", "title" FROM "Recipe" WHERE NOT "published";
