CREATE TABLE "loans" (
	"tool_id" integer NOT NULL,
	"member_id" integer NOT NULL,
	"from" date NOT NULL,
	"until" date,
	CONSTRAINT "loans_tool_id_from_pk" PRIMARY KEY("tool_id","from")
);
--> statement-breakpoint
ALTER TABLE "loans" ADD CONSTRAINT "loans_tool_id_tools_id_fk" FOREIGN KEY ("tool_id") REFERENCES "public"."tools"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "loans" ADD CONSTRAINT "loans_member_id_members_id_fk" FOREIGN KEY ("member_id") REFERENCES "public"."members"("id") ON DELETE no action ON UPDATE no action;
