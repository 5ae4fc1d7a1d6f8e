DROP INDEX patients_by_birthday;
DROP FUNCTION birthday_in(date, integer);
