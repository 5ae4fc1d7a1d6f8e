CREATE TABLE rooms (
    code  text PRIMARY KEY CHECK (code ~ '^[A-Z]-[0-9]{2}$'),
    floor smallint NOT NULL
);
INSERT INTO rooms (code, floor) VALUES ('A-01', 0), ('A-02', 0), ('B-11', 1);
