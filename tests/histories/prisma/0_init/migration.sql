-- CreateTable
CREATE TABLE "Cook" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "email" TEXT NOT NULL,
    "name" TEXT,
    "joinedAt" DATETIME NOT NULL DEFAULT '2023-01-01 00:00:00'
);

-- CreateTable
CREATE TABLE "Recipe" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "title" TEXT NOT NULL,
    "steps" TEXT NOT NULL DEFAULT '',
    "published" BOOLEAN NOT NULL DEFAULT false,
    "cookId" INTEGER NOT NULL,
    CONSTRAINT "Recipe_cookId_fkey" FOREIGN KEY ("cookId") REFERENCES "Cook" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateIndex
CREATE UNIQUE INDEX "Cook_email_key" ON "Cook"("email");
