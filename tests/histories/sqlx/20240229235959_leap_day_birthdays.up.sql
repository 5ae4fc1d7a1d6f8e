CREATE FUNCTION birthday_in(born date, year integer) RETURNS date
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN to_char(born, 'MMDD') = '0229' THEN make_date(year, 3, 1) ELSE make_date(year, date_part('month', born)::integer, date_part('day', born)::integer) END;

CREATE INDEX patients_by_birthday ON patients (birthday_in(born_on, 2000));
