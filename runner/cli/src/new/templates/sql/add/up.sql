CREATE TABLE {{own}} (
  id INTEGER PRIMARY KEY,
{{if backfill}}  slug VARCHAR(200),
  title VARCHAR(200) NOT NULL
);
