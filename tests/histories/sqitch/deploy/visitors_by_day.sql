-- Deploy museum:visitors_by_day to pg

CREATE INDEX CONCURRENTLY visitors_by_day ON museum.visitors (came);
CREATE INDEX CONCURRENTLY visitors_by_pay
    ON museum.visitors (pays, came);
