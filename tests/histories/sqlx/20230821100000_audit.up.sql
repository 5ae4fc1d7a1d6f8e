CREATE SCHEMA audit;
CREATE TABLE audit.changes (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now(),
    of_table name NOT NULL,
    was      jsonb,
    becomes  jsonb
);
CREATE FUNCTION audit.watch(target regclass) RETURNS void LANGUAGE plpgsql AS $outer$
BEGIN
    EXECUTE format($make$
        CREATE FUNCTION audit.%I() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            INSERT INTO audit.changes (of_table, was, becomes)
            VALUES (TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW));
            RETURN NULL;
        END $body$;
    $make$, 'log_' || target::text);
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION audit.%I()',
        'watch_' || target::text, target, 'log_' || target::text);
END;
$outer$;
SELECT audit.watch('rooms');
