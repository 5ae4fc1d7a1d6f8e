DROP INDEX one_open_loan;
