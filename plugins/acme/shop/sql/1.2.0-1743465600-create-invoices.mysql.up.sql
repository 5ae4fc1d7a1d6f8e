-- With a binary log, MySQL lets only its administrator make triggers. So a key keeps the two in step: an order is
-- marked as invoiced first, and stays so as long as it has an invoice, whoever writes to the table.
ALTER TABLE orders ADD UNIQUE KEY orders_with_status (id, status);

CREATE TABLE invoices (
    id           INTEGER AUTO_INCREMENT PRIMARY KEY,
    order_id     INTEGER NOT NULL UNIQUE,
    issued_at    DATETIME NOT NULL,
    total_cents  INTEGER NOT NULL,
    order_status VARCHAR(20) NOT NULL DEFAULT 'invoiced' CHECK (order_status = 'invoiced'),
    FOREIGN KEY (order_id, order_status) REFERENCES orders (id, status)
);
