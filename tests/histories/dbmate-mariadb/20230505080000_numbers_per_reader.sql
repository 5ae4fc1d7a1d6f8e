-- migrate:up transaction:false
CREATE INDEX deliveries_sent ON deliveries (sent, issue);
CREATE VIEW numbers AS SELECT r.email, COUNT(d.sent) AS sent FROM readers r LEFT JOIN deliveries d ON d.reader_id = r.id GROUP BY r.email;

-- migrate:down transaction:false
DROP VIEW numbers;
DROP INDEX deliveries_sent ON deliveries;
