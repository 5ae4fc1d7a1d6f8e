ALTER TABLE shows RENAME COLUMN owner TO producer;
ALTER TABLE tags RENAME TO topics;
