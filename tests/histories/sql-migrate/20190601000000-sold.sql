-- +migrate Up
CREATE VIEW sold AS
    SELECT title, sum(pieces) AS pieces
    FROM breads JOIN orders ON bread = breads.id
    GROUP BY title;
-- +migrate Down
DROP VIEW sold;
