CREATE TABLE invoices (
    id          INTEGER PRIMARY KEY,
    order_id    INTEGER NOT NULL UNIQUE REFERENCES orders (id),
    issued_at   TIMESTAMP NOT NULL,
    total_cents INTEGER NOT NULL
);

-- An order is invoiced as long as it has an invoice, whoever writes to the table.
CREATE TRIGGER invoices_issue AFTER INSERT ON invoices
BEGIN
    UPDATE orders SET status = 'invoiced' WHERE id = NEW.order_id;
END;

CREATE TRIGGER invoices_withdraw AFTER DELETE ON invoices
BEGIN
    UPDATE orders SET status = 'placed' WHERE id = OLD.order_id AND status = 'invoiced';
END;
