CREATE VIEW overdue AS
    SELECT l.copy_id, r.name, r.email, l.due
    FROM loans l JOIN readers r ON r.id = l.reader_id
    WHERE l.returned IS NULL AND l.due < DATE '2022-06-01';
