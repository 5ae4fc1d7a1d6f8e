CREATE TABLE tags (note_id INTEGER NOT NULL REFERENCES notes (id), tag TEXT NOT NULL, PRIMARY KEY (note_id, tag)) WITHOUT ROWID;
INSERT INTO tags SELECT notes.id, words.value FROM notes, json_each('["später", "a;b"]') AS words;
CREATE INDEX tags_folded ON tags (lower(tag)) WHERE tag <> '';
