CREATE TABLE rooms (
    number SMALLINT NOT NULL PRIMARY KEY,
    beds TINYINT NOT NULL DEFAULT 1,
    price DECIMAL(10, 2) NOT NULL COMMENT 'in ${currency}; a night',
    view_to VARCHAR(40) NULL
);
