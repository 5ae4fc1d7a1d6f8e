create table public.reactions (
  post bigint not null references public.posts (id) on delete cascade,
  author uuid not null,
  emoji text not null default '👍',
  primary key (post, author)
);
insert into public.reactions (post, author) select p.id, p.author from public.posts as p;
