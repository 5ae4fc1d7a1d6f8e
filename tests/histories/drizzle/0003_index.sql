CREATE INDEX "loans_open_idx" ON "loans" USING btree ("member_id") WHERE "until" IS NULL;--> statement-breakpoint
CREATE INDEX "tools_labels_idx" ON "tools" USING gin ("labels");