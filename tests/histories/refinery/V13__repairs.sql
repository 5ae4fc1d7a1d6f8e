CREATE TABLE repairs (
    bike_id integer REFERENCES bikes ON DELETE CASCADE,
    found   date,
    what    text[] NOT NULL DEFAULT '{}',
    done    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (bike_id, found)
);
INSERT INTO repairs SELECT id, DATE '2021-04-01' + id, ARRAY['chain; oil', 'bell -- "ring"'] FROM bikes WHERE kind <> 'city';
CREATE INDEX repairs_open ON repairs USING gin (what) WHERE NOT done;
