CREATE FUNCTION riders_of(year integer) RETURNS SETOF riders LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM riders WHERE date_part('year', joined AT TIME ZONE 'UTC') = riders_of.year;
END;
