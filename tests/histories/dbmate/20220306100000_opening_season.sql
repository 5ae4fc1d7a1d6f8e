-- The first season, as it was printed.
-- migrate:up
INSERT INTO venues (id, name, city) VALUES
    (1, 'Théâtre du Châtelet', 'Paris'),
    (2, 'The "Half; Moon" -- upstairs', 'London'),
    (3, 'Sala Ωmega', 'Αθήνα');
INSERT INTO events (id, venue_id, title, starts_at, price) VALUES
    (1, 1, 'La Bohème', '2022-05-01T19:30:00Z', 89.5),
    (2, 2, 'It''s /* not */ funny', '2022-05-02T20:00:00Z', 12),
    (3, 3, NULL, '2022-06-21T22:00:00Z', NULL);
INSERT INTO customers (id, email, name) VALUES (1, 'léa@example.org', 'Léa'), (2, 'bo@example.org', 'Bo 🎭');
INSERT INTO orders (id, customer_id, placed_at, state) VALUES (1, 1, '2022-03-06T10:00:00Z', 'paid'), (2, 2, '2022-03-07T11:11:11Z', 'open');
INSERT INTO tickets VALUES (1, 1, 'A1'), (1, 1, 'A2'), (2, 2, '7');

-- migrate:down
DELETE FROM tickets;
DELETE FROM orders;
DELETE FROM customers;
DELETE FROM events;
DELETE FROM venues;
DELETE FROM sqlite_sequence;
