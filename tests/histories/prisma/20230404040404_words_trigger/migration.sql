CREATE TRIGGER "Recipe_words" AFTER UPDATE OF "steps" ON "Recipe"
BEGIN
    UPDATE "Recipe" SET "words" = length(NEW."steps") - length(replace(NEW."steps", ' ', '')) + 1
    WHERE "id" = NEW."id";
    -- Whoever changes a recipe likes it; one trigger, two statements.
    INSERT OR IGNORE INTO "Like" VALUES (NEW."cookId" + 1, NEW."id");
END;
UPDATE "Recipe" SET "steps" = 'Cut the leek; boil; stir.' WHERE "id" = 2;
