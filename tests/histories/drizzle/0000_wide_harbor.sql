CREATE TYPE "public"."state" AS ENUM('new', 'used', 'broken');--> statement-breakpoint
CREATE TYPE "public"."role" AS ENUM('member', 'keeper');--> statement-breakpoint
CREATE TABLE "members" (
	"id" serial PRIMARY KEY NOT NULL,
	"email" varchar(200) NOT NULL,
	"role" "role" DEFAULT 'member' NOT NULL,
	"joined_at" timestamp with time zone DEFAULT '2024-01-01 00:00:00+00' NOT NULL,
	CONSTRAINT "members_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE TABLE "tools" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "tools_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 100 CACHE 1),
	"name" text NOT NULL,
	"state" "state" DEFAULT 'new' NOT NULL,
	"labels" text[] DEFAULT '{}'::text[] NOT NULL
);
