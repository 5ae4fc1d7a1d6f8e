UPDATE "public"."sailings" SET "state" = 'late' WHERE "id" % 4 = 0;
