create table public.profiles (
  id uuid primary key,
  handle text not null unique check (char_length(handle) >= 3),
  created_at timestamptz not null default '2024-01-05 00:00:00+00'
);
alter table public.profiles enable row level security;
create policy "profiles are public" on public.profiles for select using (true);
