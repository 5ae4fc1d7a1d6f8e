CREATE TABLE rides (
    id         bigint GENERATED ALWAYS AS IDENTITY,
    bike_id    integer NOT NULL REFERENCES bikes,
    rider_id   bigint NOT NULL REFERENCES riders,
    from_id    integer NOT NULL REFERENCES stations,
    to_id      integer REFERENCES stations,
    started    timestamptz NOT NULL,
    ended      timestamptz,
    PRIMARY KEY (id),
    CHECK (ended > started)
);
CREATE UNIQUE INDEX one_ride_a_bike ON rides (bike_id) WHERE ended IS NULL;
