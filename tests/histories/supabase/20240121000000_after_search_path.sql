-- The path of the file before does not last.
create view topic_counts as select id, title, post_count(id) as posts from topics;
