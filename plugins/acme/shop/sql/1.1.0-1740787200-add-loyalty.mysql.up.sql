ALTER TABLE customers ADD COLUMN loyalty_points INTEGER NOT NULL DEFAULT 0;

-- Customers of before the programme start with what their orders would have earned.
UPDATE customers
SET loyalty_points = (
    SELECT COALESCE(SUM(total_cents), 0) DIV 100
    FROM orders
    WHERE orders.customer_id = customers.id AND orders.status <> 'cancelled'
);
