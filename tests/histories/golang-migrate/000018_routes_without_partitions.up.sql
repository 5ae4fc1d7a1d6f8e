-- Partitions and foreign keys exclude each other; the keys won.
DROP TABLE routes;
CREATE TABLE routes (
    courier_id INT NOT NULL,
    day DATE NOT NULL,
    stops SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    PRIMARY KEY (courier_id, day),
    CONSTRAINT routes_courier FOREIGN KEY (courier_id) REFERENCES couriers (id) ON DELETE CASCADE
);
# An old habit: comments with a hash; they are comments too.
INSERT INTO routes (courier_id, day, stops)
WITH RECURSIVE days AS (SELECT DATE '2021-12-30' AS day UNION ALL SELECT day + INTERVAL 1 DAY FROM days WHERE day < '2022-01-02')
SELECT couriers.id, days.day, DAYOFYEAR(days.day) FROM couriers JOIN days;
