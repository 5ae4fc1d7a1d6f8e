ALTER TABLE "tools" ADD COLUMN "search" tsvector GENERATED ALWAYS AS (to_tsvector('simple', "name")) STORED;--> statement-breakpoint
CREATE INDEX "tools_search_idx" ON "tools" USING gin ("search");