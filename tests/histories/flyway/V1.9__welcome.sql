CREATE TABLE texts (name VARCHAR(20) NOT NULL PRIMARY KEY, body TEXT NOT NULL) DEFAULT CHARSET = utf8mb4;
INSERT INTO texts VALUES
    ('welcome', 'Welcome to the ${house}!'),
    ('bill', 'Sum in ${currency}, with ${tax_percent} % /* tax */ -- thank you; "goodbye"');
