TRUNCATE appointments, practitioners, patients RESTART IDENTITY;
