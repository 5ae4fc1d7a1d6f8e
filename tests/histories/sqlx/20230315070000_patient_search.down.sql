DROP INDEX patients_one_phone;
DROP INDEX patients_by_name;
