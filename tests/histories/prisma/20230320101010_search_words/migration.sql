-- AlterTable
ALTER TABLE "Recipe" ADD COLUMN "words" INTEGER NOT NULL DEFAULT 0;
UPDATE "Recipe" SET "words" = length("steps") - length(replace("steps", ' ', '')) + 1;
