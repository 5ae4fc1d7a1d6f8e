alter type public.topic_state add value if not exists 'archived';
