DROP INDEX guests_by_name ON guests;
