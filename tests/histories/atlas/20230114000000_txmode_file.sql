-- A file's own mode, which is the usual one.
-- atlas:txmode file

INSERT INTO "public"."notes" VALUES (1, 'a -- b'), (2, NULL);
