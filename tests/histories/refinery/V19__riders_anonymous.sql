UPDATE riders SET email = md5(lower(email)) || '@invalid' WHERE plan = 'day';
ALTER TABLE riders ADD CONSTRAINT riders_email_has_at CHECK (position('@' IN email) > 1) NOT VALID;
ALTER TABLE riders VALIDATE CONSTRAINT riders_email_has_at;
