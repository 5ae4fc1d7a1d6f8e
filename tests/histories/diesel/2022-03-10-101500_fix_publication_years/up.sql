-- What was there before is not known any more.
UPDATE books SET published = CASE WHEN published IS NULL THEN 1999 ELSE published END;
