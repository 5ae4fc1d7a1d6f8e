-- Custom SQL migration file, put your code below! --
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
	-- a semicolon; in a comment
	NEW.updated_at := TIMESTAMPTZ '2024-03-01 00:00:00+00';
	RETURN NEW;
END;
$body$;
--> statement-breakpoint
ALTER TABLE "tools" ADD COLUMN "updated_at" timestamptz;
--> statement-breakpoint
CREATE TRIGGER tools_touch BEFORE UPDATE ON "tools" FOR EACH ROW EXECUTE FUNCTION touch();
--> statement-breakpoint
UPDATE "tools" SET "state" = 'used' WHERE "id" % 2 = 0;
