select pg_catalog.set_config('search_path', '', false);
set check_function_bodies = off;
create function public.post_count(topic bigint) returns bigint language sql stable as $_$ select count(*) from public.posts as p where p.topic = $1 $_$;
