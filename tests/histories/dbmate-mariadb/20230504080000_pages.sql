-- migrate:up
CREATE FUNCTION pages(issue INT) RETURNS INT READS SQL DATA
BEGIN
    DECLARE found INT DEFAULT 0;
    SELECT JSON_VALUE(facts, '$.pages') INTO found FROM issues WHERE number = issue;
    RETURN found;
END;
ALTER TABLE issues ADD COLUMN pages INT NULL;
UPDATE issues SET pages = pages(number);

-- migrate:down
ALTER TABLE issues DROP COLUMN pages;
DROP FUNCTION pages;
