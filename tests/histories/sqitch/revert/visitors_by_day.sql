-- Revert museum:visitors_by_day from pg

DROP INDEX CONCURRENTLY museum.visitors_by_day;
DROP INDEX CONCURRENTLY museum.visitors_by_pay;
