CREATE VIRTUAL TABLE note_words USING fts5 (body, content='notes', content_rowid='id');
CREATE TRIGGER notes_indexed AFTER INSERT ON notes BEGIN
    INSERT INTO note_words (rowid, body) VALUES (NEW.id, NEW.body);
END;
INSERT INTO note_words (note_words) VALUES ('rebuild');
