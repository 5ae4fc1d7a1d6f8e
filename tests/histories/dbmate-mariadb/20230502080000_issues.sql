-- migrate:up
CREATE TABLE issues (number INT NOT NULL PRIMARY KEY, title VARCHAR(80) NOT NULL, facts JSON NOT NULL);
CREATE TABLE deliveries (
    reader_id INT NOT NULL,
    issue INT NOT NULL,
    sent DATETIME NULL,
    PRIMARY KEY (reader_id, issue),
    CONSTRAINT deliveries_reader FOREIGN KEY (reader_id) REFERENCES readers (id) ON DELETE CASCADE,
    CONSTRAINT deliveries_issue FOREIGN KEY (issue) REFERENCES issues (number)
);

-- migrate:down
DROP TABLE deliveries;
DROP TABLE issues;
