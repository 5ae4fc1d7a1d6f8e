-- +goose Up
CREATE DOMAIN vat_number AS text CHECK (VALUE ~ '^[A-Z]{2}[0-9A-Z;]+$');
CREATE TABLE suppliers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, vat vat_number UNIQUE);
INSERT INTO suppliers (name, vat) VALUES ('Łódź Śruby', 'PL123'), ('Nobody', NULL);
ALTER TABLE products ADD COLUMN supplier_id int REFERENCES suppliers;
UPDATE products p SET supplier_id = s.id FROM suppliers s WHERE s.vat LIKE 'PL%' AND p.attributes @> '{"steel": true}';

-- +goose Down
ALTER TABLE products DROP COLUMN supplier_id;
DROP TABLE suppliers;
DROP DOMAIN vat_number;
