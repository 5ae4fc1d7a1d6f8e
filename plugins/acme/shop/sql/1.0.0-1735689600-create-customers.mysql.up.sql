CREATE TABLE customers (
    id         INTEGER AUTO_INCREMENT PRIMARY KEY,
    full_name  TEXT NOT NULL,
    email      TEXT,
    phone      TEXT,
    address    TEXT,
    created_at DATETIME NOT NULL
);
