create or replace function public.lower_handle()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  new.handle := lower(new.handle);
  return new;
end;
$$;
create trigger on_profile_change
  before insert or update on public.profiles
  for each row execute procedure public.lower_handle();
update public.profiles set handle = upper(handle) where handle = 'user1';
