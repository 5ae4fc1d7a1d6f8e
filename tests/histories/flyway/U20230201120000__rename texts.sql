DELETE FROM house_texts WHERE name LIKE '$%';
RENAME TABLE house_texts TO texts;
