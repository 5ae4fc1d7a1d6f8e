-- DropTable
DROP TABLE "Rating";
