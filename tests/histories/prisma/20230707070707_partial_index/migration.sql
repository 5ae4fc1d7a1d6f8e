CREATE INDEX "Recipe_published_idx" ON "Recipe"("cookId", "title" COLLATE NOCASE DESC) WHERE "published";
