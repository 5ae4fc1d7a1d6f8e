-- atlas:delimiter \n\n\n

CREATE FUNCTION "public"."price" (decks integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF decks > 2 THEN

        RETURN 100 * decks;
    END IF;
    RETURN 90;
END;
$$


ALTER TABLE "public"."ships" ADD COLUMN "price" integer


UPDATE "public"."ships" SET "price" = "public"."price"("decks")
