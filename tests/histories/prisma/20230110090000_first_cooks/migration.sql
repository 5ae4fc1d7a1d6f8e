-- Those who tried it out keep their accounts.
INSERT INTO "Cook" ("email", "name") VALUES
    ('ana@example.org', 'Ana'),
    ('bo@example.org', NULL),
    ('o''hara@example.org', 'O''Hara; the baker');
INSERT INTO "Recipe" ("title", "steps", "published", "cookId")
SELECT 'Soup of ' || coalesce("name", 'nobody'), 'Boil; stir.', "id" % 2, "id" FROM "Cook";
