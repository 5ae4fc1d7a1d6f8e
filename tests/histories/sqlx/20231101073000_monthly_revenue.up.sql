CREATE MATERIALIZED VIEW monthly_revenue AS
SELECT date_trunc('month', issued_on::timestamp)::date AS month, sum(gross_cents) AS gross_cents, count(*) AS invoices
FROM invoices GROUP BY 1
WITH DATA;
CREATE UNIQUE INDEX monthly_revenue_month ON monthly_revenue (month);
