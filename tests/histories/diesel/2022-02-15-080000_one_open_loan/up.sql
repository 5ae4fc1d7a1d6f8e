CREATE UNIQUE INDEX one_open_loan ON loans (copy_id) WHERE returned IS NULL;
