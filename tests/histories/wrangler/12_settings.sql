CREATE TABLE settings (key TEXT PRIMARY KEY, value ANY) STRICT;
INSERT INTO settings VALUES ('limit', 10), ('ratio', 1.5), ('name', 'x'), ('blob', x'00ff');
