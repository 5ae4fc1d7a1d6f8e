CREATE TABLE downloads (
    episode_id INTEGER NOT NULL REFERENCES episodes (id),
    day TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (episode_id, day)
) STRICT;
INSERT INTO downloads (episode_id, day, count) VALUES (1, '2024-01-01', 3), (1, '2024-01-01', 4), (2, '2024-01-02', 5)
ON CONFLICT (episode_id, day) DO UPDATE SET count = count + excluded.count;
