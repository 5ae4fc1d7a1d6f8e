CREATE INDEX episodes_by_show ON episodes (show_id, published_at DESC);
CREATE UNIQUE INDEX episodes_title ON episodes (show_id, title COLLATE NOCASE);
