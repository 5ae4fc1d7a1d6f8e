CREATE FUNCTION sort_title(title TEXT) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE STRICT AS $fn$
DECLARE
    article TEXT;
BEGIN
    FOREACH article IN ARRAY ARRAY['der ', 'die ', 'das ', 'the ', 'a '] LOOP
        IF left(lower(title), length(article)) = article THEN
            RETURN substr(title, length(article) + 1) || ', ' || left(title, length(article) - 1);
        END IF;
    END LOOP;
    RETURN title; -- nothing to move; as it is
END
$fn$;
CREATE INDEX books_by_sort_title ON books (sort_title(title), published DESC NULLS LAST);
