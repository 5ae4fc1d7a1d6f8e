-- The trigger gives the orders their status back before it goes with its table.
DELETE FROM invoices;
DROP TRIGGER invoices_withdraw;
DROP TRIGGER invoices_issue;
DROP TABLE invoices;
