CREATE TABLE {{table}}_tags (
  id INTEGER PRIMARY KEY,
  title VARCHAR(200) NOT NULL,
  slug VARCHAR(200) NOT NULL UNIQUE
);
INSERT INTO {{table}}_tags (id, title, slug) VALUES
  (1, 'To do', 'to-do'),
  (2, 'In progress', 'in-progress');
