CREATE TABLE invoices (
    number       text PRIMARY KEY,
    patient_id   bigint NOT NULL REFERENCES patients,
    issued_on    date NOT NULL,
    net_cents    integer NOT NULL CHECK (net_cents >= 0),
    tax_percent  numeric(4, 2) NOT NULL DEFAULT 25,
    gross_cents  integer GENERATED ALWAYS AS (net_cents + round(net_cents * 25 / 100.0)::integer) STORED
);
CREATE INDEX invoices_by_month ON invoices (date_part('year', issued_on), date_part('month', issued_on));
INSERT INTO invoices (number, patient_id, issued_on, net_cents) VALUES
    ('2023/0001', 1, '2023-02-01', 42000), ('2023/0002', 2, '2023-02-01', 99999);
