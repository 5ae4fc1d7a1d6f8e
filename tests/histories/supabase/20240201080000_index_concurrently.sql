create index concurrently posts_author_idx on public.posts (author);
