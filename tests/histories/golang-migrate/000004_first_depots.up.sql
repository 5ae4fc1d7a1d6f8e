INSERT INTO depots (id, code, city) VALUES
    (1, 'MUC1', 'München'),
    (2, 'LJU1', 'Ljubljana'),
    (3, 'ORK1', 'Cork; Ireland -- "south"');
INSERT INTO customers (id, name, email, since) VALUES
    (1, 'Bäckerei Groß', 'brot@example.org', '2021-03-01'),
    (2, 'O\'Shea & Sons', NULL, '2021-03-02'),
    (3, '小包 📦 shop', 'box@example.org', '2021-04-30');
