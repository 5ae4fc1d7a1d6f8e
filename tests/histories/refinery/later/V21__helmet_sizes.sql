ALTER TABLE "Helmets" RENAME COLUMN "Größe" TO size;
ALTER TABLE "Helmets" RENAME TO helmets;
COMMENT ON COLUMN helmets.size IS E'as printed inside;\n-- not measured';
