CREATE TABLE claims (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    parcel_id BIGINT NOT NULL REFERENCES parcels (id),
    text TEXT NOT NULL,
    FULLTEXT KEY claims_text (text)
) DEFAULT CHARSET = utf8mb4;
INSERT INTO claims (parcel_id, text) VALUES (22, 'It "fell"; twice.\nThe note said: -- sorry'), (12, 'C:\\temp\\photo.png');
