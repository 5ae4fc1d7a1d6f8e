ALTER TABLE customers
    ADD COLUMN language CHAR(2) CHARACTER SET ascii NOT NULL DEFAULT 'en',
    ADD COLUMN settings JSON NOT NULL DEFAULT '{}';
UPDATE customers SET language = 'de', settings = '{"greeting": "Grüß Gott; /* hallo */", "copies": 2}' WHERE id = 1;
UPDATE customers SET settings = JSON_SET(settings, '$.dark', TRUE) WHERE since > DATE '2021-04-01';
