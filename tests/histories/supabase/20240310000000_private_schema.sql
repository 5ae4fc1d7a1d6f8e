create schema if not exists private;
create table private.audit (at timestamptz not null, what jsonb not null);
create function private.log_topic() returns trigger language plpgsql as $fn$
begin
  insert into private.audit values ('2024-03-10 00:00:00+00', jsonb_build_object('id', new.id, 'op', tg_op));
  return null;
end $fn$;
create trigger topics_audit after update on public.topics for each row when (old.* is distinct from new.*) execute function private.log_topic();
update public.topics set title = title || '!' where state = 'open';
