CREATE PROCEDURE merge_readers(keep UUID, gone UUID) LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE loans SET reader_id = keep WHERE reader_id = gone;
    UPDATE fees SET reader_id = keep WHERE reader_id = gone;
    DELETE FROM readers WHERE id = gone;
END;
$body$;
INSERT INTO readers VALUES ('7f1b5c1e-0000-4000-8000-000000000002', 'ada.l@example.org', 'Ada L.', '2022-10-01');
CALL merge_readers('7f1b5c1e-0000-4000-8000-000000000002', '7f1b5c1e-0000-4000-8000-000000000001');
