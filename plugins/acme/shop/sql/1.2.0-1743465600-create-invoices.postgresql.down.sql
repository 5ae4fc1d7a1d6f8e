-- The trigger gives the orders their status back before it goes with its table.
DELETE FROM invoices;
DROP TABLE invoices;
DROP FUNCTION invoices_withdraw();
DROP FUNCTION invoices_issue();
