do $$
declare
  t text;
begin
  foreach t in array array['topics', 'posts', 'reactions'] loop
    execute format('alter table public.%I enable row level security', t);
    execute format('create policy %I on public.%I for select using (true)', t || ' are public', t);
  end loop;
end
$$;
