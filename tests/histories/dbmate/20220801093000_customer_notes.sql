-- migrate:up
ALTER TABLE customers ADD COLUMN note TEXT;
ALTER TABLE customers RENAME COLUMN name TO full_name;
UPDATE customers SET note = 'likes -- rows; not boxes' WHERE id = 1;
INSERT INTO customers (id, email, full_name) VALUES (3, 'cy@example.org', 'Cy')
ON CONFLICT (email) DO UPDATE SET full_name = excluded.full_name;

-- migrate:down
DELETE FROM customers WHERE id = 3;
ALTER TABLE customers RENAME COLUMN full_name TO name;
ALTER TABLE customers DROP COLUMN note;
