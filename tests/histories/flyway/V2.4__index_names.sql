CREATE INDEX guests_by_name ON guests (name(20), country);
