INSERT INTO shows (title) VALUES ('Night; trains'), ('It''s raining'), ('Émile');
INSERT INTO episodes (show_id, title, seconds)
SELECT s.id, s.title || ' #' || n.value, 600 * n.value FROM shows AS s, json_each('[1, 2, 3]') AS n;
