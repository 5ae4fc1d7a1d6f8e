CREATE VIEW top AS
SELECT s.title AS show, e.title, e.downloads, rank() OVER (PARTITION BY s.id ORDER BY e.downloads DESC) AS place
FROM episodes AS e JOIN shows AS s ON s.id = e.show_id;
