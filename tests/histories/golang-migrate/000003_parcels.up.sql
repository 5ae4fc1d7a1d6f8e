CREATE TABLE parcels (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    tracking VARCHAR(20) NOT NULL UNIQUE,
    sender_id BIGINT NOT NULL,
    depot_id INT UNSIGNED NULL,
    weight_grams INT NOT NULL CHECK (weight_grams > 0),
    state ENUM('announced', 'collected', 'on the road', 'delivered', 'lost; found?') NOT NULL DEFAULT 'announced',
    CONSTRAINT parcels_sender FOREIGN KEY (sender_id) REFERENCES customers (id),
    CONSTRAINT parcels_depot FOREIGN KEY (depot_id) REFERENCES depots (id) ON DELETE SET NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
