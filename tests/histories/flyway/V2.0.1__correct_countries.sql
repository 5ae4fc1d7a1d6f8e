UPDATE guests SET country = 'GB' WHERE country = 'UK';
UPDATE guests SET name = TRIM(name);
