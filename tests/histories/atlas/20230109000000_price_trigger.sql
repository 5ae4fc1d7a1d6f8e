-- atlas:delimiter -- end
CREATE FUNCTION "public"."set_price" () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.price := public.price(NEW.decks); RETURN NEW; END $$;
-- end
CREATE TRIGGER "ships_price" BEFORE INSERT OR UPDATE ON "public"."ships" FOR EACH ROW EXECUTE FUNCTION "public"."set_price"();
-- end
UPDATE "public"."ships" SET "decks" = "decks" + 1 WHERE "id" = 2;
-- end
