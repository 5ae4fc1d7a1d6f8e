-- migrate:up
CREATE VIEW sales_by_month AS
SELECT strftime('%Y-%m', o.placed_at) AS month, count(*) AS tickets, sum(e.price_cents) AS cents,
       sum(e.price_cents) OVER w AS so_far
FROM orders o JOIN tickets t ON t.order_id = o.id JOIN events e ON e.id = t.event_id
GROUP BY month
WINDOW w AS (ORDER BY strftime('%Y-%m', o.placed_at));

-- migrate:down
DROP VIEW sales_by_month;
