-- A file whose name is empty.
grant select on public.topics to public;
revoke all on private.audit from public;
