-- migrate:up
CREATE TABLE fees AS
SELECT step.key AS position, step.value AS percent
FROM settings, json_each(settings.value, '$.steps') AS step WHERE settings.key = 'fees';

-- migrate:down
DROP TABLE fees;
