DROP TABLE invoices;
ALTER TABLE orders DROP KEY orders_with_status;
UPDATE orders SET status = 'placed' WHERE status = 'invoiced';
