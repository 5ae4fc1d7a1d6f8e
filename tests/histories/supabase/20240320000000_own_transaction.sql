begin;
alter table public.posts add column edited boolean not null default false;
update public.posts set edited = true where id < 3;
commit;
