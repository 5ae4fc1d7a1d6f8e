-- migrate:up
CREATE TABLE readers (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    email VARCHAR(190) NOT NULL UNIQUE,
    joined DATE NOT NULL
) DEFAULT CHARSET = utf8mb4;
INSERT INTO readers (email, joined) VALUES ('zoë@example.org', '2023-05-01'), ('o''hara; x@example.org', '2023-05-02');

-- migrate:down
DROP TABLE readers;
