CREATE TABLE minibar (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    label VARCHAR(40) NOT NULL,
    facts LONGTEXT CHECK (JSON_VALID(facts))
) DEFAULT CHARSET = utf8mb4;
INSERT INTO minibar (label, facts) VALUES
    ('Crème d''Isigny', '{"ml": 50, "allergens": ["milk"]}'),
    ('Water; still', JSON_OBJECT('ml', 330, 'price', JSON_OBJECT('${currency}', 2.5)));
UPDATE minibar SET facts = JSON_SET(facts, '$.cold', TRUE) WHERE JSON_VALUE(facts, '$.ml') < 100;
