-- atlas:txmode none

-- Create index "sailings_day" to table: "sailings"
CREATE INDEX CONCURRENTLY "sailings_day" ON "public"."sailings" ("day");
