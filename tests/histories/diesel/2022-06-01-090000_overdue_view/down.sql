DROP VIEW overdue;
