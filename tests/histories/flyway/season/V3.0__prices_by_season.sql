CREATE TABLE seasons (
    name VARCHAR(20) NOT NULL,
    starts DATE NOT NULL,
    factor DECIMAL(4, 2) NOT NULL DEFAULT 1.00,
    PRIMARY KEY (starts)
) DEFAULT CHARSET = utf8mb4;
INSERT INTO seasons VALUES ('été', '2022-06-21', 1.40), ('hiver', '2022-12-21', 0.90);
