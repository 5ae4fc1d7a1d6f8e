DROP TRIGGER invoices_follow;
DROP PROCEDURE lengthen_stay;
