CREATE SCHEMA geo;
CREATE TABLE geo.zones (name text COLLATE "C" PRIMARY KEY, area box NOT NULL, EXCLUDE USING gist (area WITH &&));
INSERT INTO geo.zones VALUES ('Innenstadt', '((0,0),(1,1))'), ('Außen; weit', '((2,2),(3,3))');
