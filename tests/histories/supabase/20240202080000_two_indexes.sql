drop index concurrently public.posts_author_idx;
create index concurrently if not exists posts_author_idx on public.posts (author, topic);
comment on index public.posts_author_idx is 'made again';
