CREATE FUNCTION price_cents(ride rides) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
    rules jsonb;
    minutes integer := ceil(extract(epoch FROM ride.ended - ride.started) / 60);
BEGIN
    SELECT t.rules INTO rules FROM tariffs t JOIN riders r USING (plan) WHERE r.id = ride.rider_id;
    CASE
        WHEN rules IS NULL THEN RETURN 0;
        WHEN rules -> 'free' ? 'minute' THEN RETURN (rules ->> 'start')::integer;
        ELSE RETURN (rules ->> 'start')::integer + minutes * (rules ->> 'minute')::integer;
    END CASE;
END $$;
