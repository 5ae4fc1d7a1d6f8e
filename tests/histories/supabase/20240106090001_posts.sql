create table public.posts (
  id bigint generated always as identity primary key,
  topic bigint not null references public.topics (id),
  author uuid not null references public.profiles (id),
  body text not null default ''
);
create index posts_topic_idx on public.posts using btree (topic, id desc);
