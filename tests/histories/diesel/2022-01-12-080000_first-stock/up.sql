INSERT INTO branches (name, opened) VALUES ('Hauptbücherei; Süd', '1911-05-02'), ('Bus -- mobile', NULL);
INSERT INTO books (isbn, title, authors, published) VALUES
    ('9780141439518', 'Pride and Prejudice', '{"Jane Austen"}', 1813),
    ('9783518188101', 'Der gute Mensch von Sezuan', ARRAY['Bertolt Brecht'], 1943),
    (NULL, E'What\'s "that"?\\ A reader', ARRAY['N. N.', 'M; M'], NULL);
INSERT INTO readers VALUES ('7f1b5c1e-0000-4000-8000-000000000001', 'Ada@Example.org', 'Ada', '2022-01-12');
