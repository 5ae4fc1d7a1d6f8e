CREATE TABLE parcel_events (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    parcel_id BIGINT NOT NULL,
    at DATETIME(3) NOT NULL,
    what VARCHAR(40) NOT NULL,
    details JSON NULL,
    CONSTRAINT events_parcel FOREIGN KEY (parcel_id) REFERENCES parcels (id) ON DELETE CASCADE
) DEFAULT CHARSET = utf8mb4;
CREATE INDEX events_time ON parcel_events (parcel_id, at DESC);
