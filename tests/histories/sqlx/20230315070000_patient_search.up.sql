CREATE INDEX patients_by_name ON patients (lower(full_name) text_pattern_ops);
CREATE UNIQUE INDEX patients_one_phone ON patients (phone) WHERE phone IS NOT NULL;
