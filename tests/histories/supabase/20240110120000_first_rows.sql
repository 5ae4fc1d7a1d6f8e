insert into public.profiles (id, handle)
select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n from generate_series(1, 6) as n;
insert into public.topics (author, title) select id, 'About; ' || handle from public.profiles where handle <> 'user6';
insert into public.posts (topic, author, body) select t.id, t.author, $q$It's "quoted"; \n$q$ from public.topics as t;
