-- atlas:txmode none

ALTER TYPE "public"."sailing_state" ADD VALUE 'late' AFTER 'planned';
