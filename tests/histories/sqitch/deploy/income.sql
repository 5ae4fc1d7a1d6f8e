-- Deploy museum:income to pg

BEGIN;

CREATE VIEW museum.income AS
    SELECT date_trunc('month', came)::date AS month, count(*) FILTER (WHERE pays) * 12 AS euros
    FROM museum.visitors GROUP BY 1;

COMMIT;
