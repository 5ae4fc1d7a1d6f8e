-- no-transaction
DROP INDEX visits_by_day;
DROP TABLE visits;
