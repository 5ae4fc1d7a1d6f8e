create domain public.colour as text check (value ~ '^#[0-9a-f]{6}$');
alter table public.profiles add column colour public.colour default '#00ff00';
create unique index profiles_lower_idx on public.profiles (lower(handle)) include (colour);
