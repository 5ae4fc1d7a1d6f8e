-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_Cook" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL DEFAULT 'Somebody',
    "profile" JSONB NOT NULL DEFAULT '{}',
    "joinedAt" DATETIME NOT NULL DEFAULT '2023-01-01 00:00:00'
);
INSERT INTO "new_Cook" ("email", "id", "joinedAt", "name") SELECT "email", "id", "joinedAt", coalesce("name", 'Somebody') AS "name" FROM "Cook";
DROP TABLE "Cook";
ALTER TABLE "new_Cook" RENAME TO "Cook";
CREATE UNIQUE INDEX "Cook_email_key" ON "Cook"("email");
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
