UPDATE topics SET name = upper(name);
UPDATE episode_tags SET tag = upper(tag);
INSERT INTO topics VALUES ('CITY');
