CREATE TABLE tags (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE episode_tags (
    episode_id INTEGER NOT NULL REFERENCES episodes (id),
    tag TEXT NOT NULL REFERENCES tags (name) ON UPDATE CASCADE,
    PRIMARY KEY (episode_id, tag)
);
INSERT INTO tags VALUES ('rail'), ('weather');
INSERT INTO episode_tags SELECT id, CASE show_id WHEN 1 THEN 'rail' ELSE 'weather' END FROM episodes;
