CREATE TABLE tariffs (plan plan PRIMARY KEY, rules jsonb NOT NULL);
INSERT INTO tariffs VALUES
    ('hour', '{"start": 100, "minute": 15, "text": "1 € to start; 15 ct a minute"}'),
    ('day', '{"start": 900, "free": ["minute"]}');
