CREATE TABLE notes_new (
    id INTEGER PRIMARY KEY,
    notebook_id INTEGER NOT NULL REFERENCES notebooks (id) ON DELETE CASCADE,
    body TEXT NOT NULL DEFAULT '',
    pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1))
);
INSERT INTO notes_new SELECT id, notebook_id, body, coalesce(pinned, 0) FROM notes;
DROP TABLE notes;
ALTER TABLE notes_new RENAME TO notes;
CREATE TRIGGER notes_indexed AFTER INSERT ON notes BEGIN
    INSERT INTO note_words (rowid, body) VALUES (NEW.id, NEW.body);
END;
