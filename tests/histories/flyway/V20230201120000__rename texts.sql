RENAME TABLE texts TO house_texts;
INSERT INTO house_texts VALUES ('$ {odd}', 'a # is no comment here; "${house}"');
