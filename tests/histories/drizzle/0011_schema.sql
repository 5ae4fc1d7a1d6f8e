CREATE SCHEMA "billing";
--> statement-breakpoint
CREATE SEQUENCE "billing"."invoice_no" INCREMENT BY 10 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1000 CACHE 1;--> statement-breakpoint
CREATE TABLE "billing"."invoices" (
	"no" bigint PRIMARY KEY DEFAULT nextval('billing.invoice_no') NOT NULL,
	"member_id" integer NOT NULL,
	"cents" integer NOT NULL,
	CONSTRAINT "positive" CHECK ("billing"."invoices"."cents" > 0)
);
--> statement-breakpoint
INSERT INTO "billing"."invoices" ("member_id", "cents") SELECT "member_id", count(*) * 250 FROM "loans" GROUP BY "member_id";