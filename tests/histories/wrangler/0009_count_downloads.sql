ALTER TABLE episodes ADD COLUMN downloads INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER downloads_insert AFTER INSERT ON downloads
BEGIN
    UPDATE episodes SET downloads = downloads + NEW.count WHERE id = NEW.episode_id;
    SELECT CASE WHEN NEW.count < 0 THEN RAISE(ABORT, 'a count; below zero') END;
END;
UPDATE episodes SET downloads = (SELECT coalesce(sum(count), 0) FROM downloads WHERE episode_id = episodes.id);
INSERT INTO downloads VALUES (3, '2024-01-03', 8);
