INSERT INTO bikes SELECT n, 'FR-' || lpad(n::text, 4, '0'), (ARRAY['city', 'city', 'cargo', 'tandem'])[n % 4 + 1] FROM generate_series(1, 12) AS n;
INSERT INTO stations VALUES (1, 'Gare; Nord', 20, '(2.35, 48.88)'), (2, 'Plaza -- Mayor', 10, NULL), (3, 'Østerport "S"', 8, '(12.58, 55.69)');
INSERT INTO riders (email, plan, joined) VALUES
    ('Ada@example.org', 'year', '2021-01-01 00:00:00+00'), ('o''neil@example.org', 'day', '2021-02-28 23:59:59.123456+00');
