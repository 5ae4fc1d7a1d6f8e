CREATE TABLE stations (id integer PRIMARY KEY, name text NOT NULL, docks smallint NOT NULL, at point);
