update public.topics set state = 'archived' where id % 2 = 0;
alter table public.topics add column closed_at date;
update public.topics set closed_at = date '2024-02-11' where state <> 'open';
